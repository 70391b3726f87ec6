// What no command may touch while hands are off: interfaces that it is not about.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { seal } from '../../src/journal/sealed.js';
import { createLab, type Lab } from '../lab.js';
import { document, ICMP_DROP, OWN, reconcile, writeHost } from '../support/host.js';
import { command, decided, LONG, running, writeGuarded } from '../support/trials.js';

const NATIVE = `mode: native, program: ${ICMP_DROP}`;

const suspend = (lab: Lab) => lab.run(['suspend', '--reason', 'the switch', '--for', '2h']);

async function losePins(lab: Lab, name: string): Promise<void> {
  rmSync(join(lab.bpffs, 'xdpkeep/interfaces', name), { recursive: true });
  await expect.poll(() => running(lab, name)).toBeUndefined();
}

it('cancel undoes the change on suspended interfaces, and leaves the others as they are', async () => {
  await using lab = await createLab({ pairs: 2 });
  writeGuarded(lab, { veth0: NATIVE, veth1: NATIVE });
  await reconcile(lab);
  const former = await running(lab);
  writeGuarded(lab, { veth0: `mode: native, program: ${OWN}`, veth1: NATIVE }, LONG);
  await reconcile(lab);
  await suspend(lab);
  await losePins(lab, 'veth1');
  await command(lab, 0, 'cancel');
  expect(await running(lab)).toBe(former);
  expect(await running(lab, 'veth1')).toBeUndefined();
  await decided(lab);
  writeGuarded(lab, { veth0: NATIVE, veth1: NATIVE }); // `resume` ends the hold too
  await lab.run(['resume']);
  await reconcile(lab);
  expect(await running(lab, 'veth1')).toBeDefined();
});

it('restore changes nothing where what a hold keeps is lost', async () => {
  await using lab = await createLab();
  writeHost(lab, { veth0: NATIVE });
  await reconcile(lab);
  const hold = {
    digests: ['x'],
    generation: 0,
    reason: 'undone',
    since: new Date().toISOString(),
    lost: true,
  };
  writeFileSync(join(lab.dataDir, 'hold.json'), seal('Hold', hold));
  await losePins(lab, 'veth0');
  const restored = await lab.run(['restore', '--output', 'json']);
  expect(document(restored, 13)).toMatchObject({ changed: false, hold: { lost: true } });
  expect(await running(lab)).toBeUndefined();
});
