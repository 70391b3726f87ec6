// A block touches the interfaces that it names, and of those nothing but whether their program asks for blocks.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { BlockResult } from '../../src/model/blocks.js';
import { createLab, type Lab } from '../lab.js';
import { document, hostFile, ICMP_DROP, reconcile, status } from '../support/host.js';
import { policyFile } from '../support/policies.js';
import { running } from '../support/trials.js';

const SOURCE = '192.0.2.7';

async function block(lab: Lab, ...args: string[]): Promise<BlockResult> {
  const all = ['block', SOURCE, ...args, '--for', '1h', '--reason', 'a flood', '--output', 'json'];
  return document(await lab.run(all), 0);
}

const suspend = (lab: Lab, ...args: string[]) =>
  lab.run(['suspend', '--reason', 'the switch', '--for', '2h', ...args]);

const loseAllPins = (lab: Lab, name: string) => {
  rmSync(join(lab.bpffs, 'xdpkeep/interfaces', name), { recursive: true });
};

it('what lost its pins while hands are off stays as it is', async () => {
  await using lab = await createLab({ pairs: 2 });
  lab.writeState({
    'policies/p.yaml': policyFile('p', { rules: [] }),
    'hosts/lab.yaml': hostFile({ veth0: 'policy: p', veth1: `program: ${ICMP_DROP}` }),
  });
  await reconcile(lab);
  await suspend(lab);
  loseAllPins(lab, 'veth1');
  await expect.poll(() => running(lab, 'veth1')).toBeUndefined();
  expect(await reconcile(lab, 13)).toMatchObject({ changed: false });

  expect(await block(lab)).toMatchObject({ inForce: ['veth0'], notYet: [], warnings: [] });
  expect(await running(lab, 'veth1')).toBeUndefined();
  expect((await status(lab)).interfaces).toMatchObject([{ name: 'veth0' }, { condition: 'Drifted' }]);
});

it('the first one leaves the mode and the link as they are', async () => {
  await using lab = await createLab();
  lab.writeState({
    'policies/p.yaml': policyFile('p', { rules: [] }),
    'hosts/lab.yaml': hostFile({ veth0: 'policy: p, mode: generic' }),
  });
  await reconcile(lab);
  const [before] = (await status(lab)).interfaces;
  expect(before).toMatchObject({ mode: 'generic' });
  expect(await block(lab)).toMatchObject({ inForce: ['veth0'] });
  const [after] = (await status(lab)).interfaces;
  expect(after).toMatchObject({ mode: 'generic', linkId: before?.linkId });
  expect(after?.programId).not.toBe(before?.programId);
});

it('nor does one of one interface touch another that runs a policy', async () => {
  await using lab = await createLab({ pairs: 3 });
  lab.writeState({
    'policies/p.yaml': policyFile('p', { rules: [] }),
    'hosts/lab.yaml': hostFile({ 'veth*': 'policy: p' }),
  });
  await reconcile(lab);
  const other = await running(lab, 'veth1');
  loseAllPins(lab, 'veth2');
  await expect.poll(() => running(lab, 'veth2')).toBeUndefined();
  expect(await block(lab, 'veth0')).toMatchObject({ inForce: ['veth0'], notYet: [], warnings: [] });
  expect(await running(lab, 'veth1')).toBe(other);
  expect(await running(lab, 'veth2')).toBeUndefined();
});

it('a change that waits for the end of a suspension does not come with it', async () => {
  await using lab = await createLab({ pairs: 2 });
  const write = (rules: object[]) => {
    lab.writeState({
      'policies/p.yaml': policyFile('p', { rules }),
      'hosts/lab.yaml': hostFile({ 'veth*': 'policy: p' }),
    });
  };
  write([]);
  await reconcile(lab);
  await suspend(lab, 'veth0');
  write([{ name: 'no-ping', match: { protocol: 'icmp' }, action: 'drop' }]);
  const { steps } = await reconcile(lab, 13);
  expect(steps).toMatchObject([{ outcome: 'suspended' }, { outcome: 'done' }]);

  expect(await block(lab, 'veth0')).toMatchObject({ inForce: ['veth0'], warnings: [] });
  expect((await lab.ping(1)).received, 'veth0 runs what it ran, and asks').toBe(1);
  expect((await lab.ping(1, 'veth1')).received).toBe(0);
  expect(await reconcile(lab, 13)).toMatchObject({ changed: false, generation: 2 });
  await lab.run(['resume']);
  expect(await reconcile(lab)).toMatchObject({ changed: true, generation: 2 });
  expect((await lab.ping(1)).received).toBe(0);
});
