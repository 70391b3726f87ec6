// What is lost by hand while a change waits is mended by the next pass, and undone or confirmed like the rest of it.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { reconcile } from '../support/host.js';
import { command, decided, LONG, OTHER, running, start, watchdogs, writeGuarded } from '../support/trials.js';

const MENDED = {
  changed: true,
  pending: { generation: 2 },
  steps: [{ interface: 'veth0', action: 'attach', outcome: 'done' }],
  interfaces: [{ condition: 'Ready' }],
};

const LOSSES = [
  {
    name: 'its link',
    lose: (lab: Lab) => {
      rmSync(join(lab.bpffs, 'xdpkeep/interfaces/veth0/link'));
    },
  },
  {
    name: 'all its pins',
    lose: (lab: Lab) => {
      rmSync(join(lab.bpffs, 'xdpkeep/interfaces'), { recursive: true });
    },
  },
];

it.each(LOSSES)('$name: mended, and still undone at the deadline', async ({ lose }) => {
  await using lab = await createLab();
  const { digest: former } = await waits(lab);
  lose(lab);
  await expect.poll(() => running(lab)).toBeUndefined();
  expect(await reconcile(lab)).toMatchObject(MENDED);
  expect((await lab.ping(1)).received).toBe(0);
  expect(await reconcile(lab)).toMatchObject({ changed: false, pending: { generation: 2 } });
  for (const pid of watchdogs(lab)) process.kill(pid, 'SIGTERM');
  await decided(lab);
  expect(await reconcile(lab, 13)).toMatchObject({ changed: false, interfaces: [{ digest: former }] });
});

it('its interface, which is made anew: mended, and still confirmed', async () => {
  await using lab = await createLab();
  const { digest: former } = await waits(lab);
  await lab.exec('ip', 'link', 'del', 'veth0');
  await lab.addPair(0);
  expect(await reconcile(lab)).toMatchObject(MENDED);
  const { interfaces } = await command(lab, 0, 'confirm');
  expect(interfaces).toMatchObject([{ condition: 'Ready' }]);
  expect(interfaces[0]?.digest).not.toBe(former);
  await decided(lab);
});

it('is not mended where the change never was, nor where somebody else is by now', async () => {
  await using lab = await createLab({ pairs: 2 });
  await waits(lab);
  rmSync(join(lab.bpffs, 'xdpkeep/interfaces/veth0/link'));
  await expect.poll(() => running(lab)).toBeUndefined();
  const stranger = await lab.attachForeign('veth0');
  expect(await reconcile(lab, 14)).toMatchObject({ changed: false });
  expect(await running(lab)).toBe(stranger);
  await command(lab, 14, 'cancel');
  expect(await running(lab)).toBe(stranger);
  expect(await running(lab, 'veth1')).toBeUndefined();
  await decided(lab);
});

/** A change of veth0 waits; what it ran before. */
async function waits(lab: Lab): Promise<{ digest: string | undefined }> {
  await start(lab);
  const { interfaces } = await reconcile(lab);
  writeGuarded(lab, OTHER, LONG);
  await reconcile(lab);
  return { digest: interfaces[0]?.digest };
}
