// What is lost by hand while a change waits is mended by the next pass, and undone or confirmed like the rest of it.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { hostFile, reconcile, status } from '../support/host.js';
import { policyFile, type Written } from '../support/policies.js';
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

const ASKING = {
  default: 'drop',
  rules: [{ name: 'answers', match: { connection: ['established', 'related'] }, action: 'pass' }],
};
const PLAIN = { default: 'pass', rules: [] };

/** Names of what lies pinned for veth0 that records what leaves. */
const recorders = (lab: Lab) =>
  readdirSync(join(lab.bpffs, 'xdpkeep/interfaces/veth0')).filter((name) => name.startsWith('egress-'));

function writeAsking(lab: Lab, policy: Written): void {
  lab.writeState({
    'policies/edge.yaml': policyFile('edge', policy),
    'hosts/lab.yaml': hostFile({ veth0: 'mode: native, policy: edge' }) + LONG,
  });
}

it.each([
  { name: 'that the change brought', former: PLAIN, left: 0 },
  {
    name: 'that was there before it',
    former: { ...ASKING, rules: [...ASKING.rules, { name: 'more', match: {}, action: 'pass' }] },
    left: 1,
  },
])('the recorder $name: mended, and undone with the change', async ({ former, left }) => {
  await using lab = await createLab();
  await using conversation = await lab.converse();
  writeAsking(lab, former);
  await reconcile(lab);
  if ((await status(lab)).pending) await command(lab, 0, 'confirm');
  writeAsking(lab, ASKING);
  await reconcile(lab);
  const [recorder = ''] = recorders(lab);
  rmSync(join(lab.bpffs, 'xdpkeep/interfaces/veth0', recorder));
  const recorded = { interface: 'veth0', action: 'update', outcome: 'done' };
  expect(await reconcile(lab)).toMatchObject({ ...MENDED, steps: [{ action: 'none' }, recorded] });
  expect(recorders(lab)).toEqual([recorder]);
  expect(await reconcile(lab)).toMatchObject({ changed: false, pending: {} });

  rmSync(join(lab.bpffs, 'xdpkeep/interfaces'), { recursive: true });
  await expect.poll(() => running(lab)).toBeUndefined();
  expect(await reconcile(lab)).toMatchObject({ ...MENDED, steps: [recorded, MENDED.steps[0]] });
  await conversation.say('still there');
  await command(lab, 0, 'cancel');
  expect(recorders(lab)).toHaveLength(left);
  await conversation.say('and now');
  await decided(lab);
});

it('a recorder that only a later change asks for waits with it', async () => {
  await using lab = await createLab();
  writeAsking(lab, PLAIN);
  await reconcile(lab);
  if ((await status(lab)).pending) await command(lab, 0, 'confirm');
  writeAsking(lab, { ...PLAIN, rules: [{ name: 'more', match: { protocol: 'sctp' }, action: 'drop' }] });
  await reconcile(lab);
  writeAsking(lab, ASKING);
  await command(lab, 17, 'reconcile');
  expect(recorders(lab)).toEqual([]);
  await command(lab, 0, 'cancel');
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
