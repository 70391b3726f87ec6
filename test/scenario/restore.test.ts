// What a machine does at boot: run again what ran last, though nothing is there yet but the data directory.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { readJournal } from '../../src/journal/read.js';
import { createLab, type Lab } from '../lab.js';
import { document, hostFile, ICMP_DROP, OWN, ownProgram, reconcile } from '../support/host.js';
import { policyFile } from '../support/policies.js';

/** The kernel forgets everything, and the state files are out of reach. */
async function reboot(lab: Lab): Promise<void> {
  rmSync(join(lab.bpffs, 'xdpkeep'), { recursive: true, force: true });
  rmSync(lab.state, { recursive: true, force: true });
  await expect.poll(async () => (await lab.netShow()).xdp).toEqual([]);
}

async function restore(lab: Lab, exitCode = 0, ...args: string[]): Promise<Reconciliation> {
  const env = { XDPKEEP_STATE: '/nowhere', XDPKEEP_CONFIG: '' };
  return document(await lab.run(['restore', '--output', 'json', ...args], { env }), exitCode);
}

it('runs what ran last, without state files, and makes no generation of it', async () => {
  await using lab = await createLab();
  lab.writeState({
    'hosts/lab.yaml': hostFile({ veth0: 'policy: edge' }),
    'policies/edge.yaml': policyFile('edge', {
      rules: [{ name: 'no-ping', match: { protocol: 'icmp' }, action: 'drop' }],
    }),
  });
  const before = await reconcile(lab);
  await reboot(lab);
  expect(await lab.ping(1)).toMatchObject({ received: 1 });

  const result = await restore(lab);
  expect(result).toMatchObject({ changed: true, generation: 1, interfaces: [{ condition: 'Ready' }] });
  expect(result.interfaces[0]?.digest).toBe(before.interfaces[0]?.digest);
  expect(await lab.ping(2)).toMatchObject({ received: 0 });
  expect(await restore(lab)).toMatchObject({ changed: false, generation: 1 });
});

it('on a host that never ran anything there is nothing to do', async () => {
  await using lab = await createLab();
  expect(await restore(lab)).toMatchObject({ changed: false, generation: 0, steps: [] });
  expect((await lab.netShow()).xdp).toEqual([]);
});

it('passes over a generation that never took effect', async () => {
  await using lab = await createLab();
  lab.writeState({ 'hosts/lab.yaml': hostFile({ veth0: `program: ${ICMP_DROP}` }) });
  const good = await reconcile(lab);
  lab.writeState({
    'hosts/lab.yaml': hostFile({ veth0: `program: ${OWN}` }),
    'programs/own.bpf.c': ownProgram('extra'),
  });
  const failed = await lab.run(['reconcile'], { env: { XDPKEEP_FAILPOINT: 'swap:before=fail' } });
  expect(failed.exitCode).toBe(12);
  expect(readJournal(lab.dataDir).records.at(-1)?.phase).not.toBe('done');
  await reboot(lab);

  const { interfaces } = await restore(lab);
  expect(interfaces).toMatchObject([{ condition: 'Ready', digest: good.interfaces[0]?.digest }]);
});

it('attaches at once what is there, and in time what comes later', async () => {
  await using lab = await createLab({ pairs: 2 });
  const fields = `program: ${ICMP_DROP}`;
  lab.writeState({ 'hosts/lab.yaml': hostFile({ veth0: fields, veth1: fields }) });
  await reconcile(lab);
  await reboot(lab);
  await lab.exec('ip', 'link', 'delete', 'veth1');

  // Not waited for: said, and the other one runs.
  expect(await restore(lab, 12)).toMatchObject({
    interfaces: [{ condition: 'Ready' }, { name: 'veth1', condition: 'Missing' }],
  });
  await reboot(lab);
  await expect.poll(async () => (await lab.netShow()).xdp).toEqual([]);
  const waiting = restore(lab, 0, '--wait', '1m');
  await expect.poll(async () => (await lab.netShow()).xdp).toMatchObject([{ devname: 'veth0' }]);
  await lab.addPair(1);
  expect(await waiting).toMatchObject({
    interfaces: [{ condition: 'Ready' }, { name: 'veth1', condition: 'Ready' }],
  });
});

it('honours a hold and a suspension', async () => {
  await using lab = await createLab();
  lab.writeState({ 'hosts/lab.yaml': hostFile({ veth0: `program: ${ICMP_DROP}` }) });
  await reconcile(lab);
  document(await lab.run(['detach', '--all', '--reason', 'a test', '--output', 'json']), 0);
  await reboot(lab);
  expect(await restore(lab, 13)).toMatchObject({ changed: false, hold: { reason: 'a test' } });
  expect((await lab.netShow()).xdp).toEqual([]);

  document(await lab.run(['rollback', '1', '--output', 'json']), 0);
  await lab.run(['suspend', '--reason', 'a test', '--for', '1h']);
  await reboot(lab);
  expect(await restore(lab, 13)).toMatchObject({ steps: [{ interface: 'veth0', outcome: 'suspended' }] });
  expect((await lab.netShow()).xdp).toEqual([]);
});

/** Of both ends. */
async function setMtu(lab: Lab, mtu: string): Promise<void> {
  await lab.execOutside('ip', 'link', 'set', lab.pair('veth0').peer, 'mtu', mtu);
  await lab.exec('ip', 'link', 'set', 'veth0', 'mtu', mtu);
}

it('attaches in the mode that ran, so that an MTU can still be set; native is gone to when asked', async () => {
  await using lab = await createLab();
  const host = { 'hosts/lab.yaml': hostFile({ veth0: `program: ${ICMP_DROP}` }) };
  await setMtu(lab, '9000');
  lab.writeState(host);
  const why = expect.stringContaining('Peer MTU is too large') as string;
  expect((await reconcile(lab)).interfaces).toMatchObject([{ mode: 'generic', reason: why }]);
  await reboot(lab);
  await setMtu(lab, '1500'); // nobody has configured the network yet

  const restored = await restore(lab);
  expect(restored.steps).toMatchObject([
    { outcome: 'done', reason: expect.stringContaining('in mode generic, as it ran before') as string },
  ]);
  expect(restored.interfaces).toMatchObject([{ mode: 'generic', condition: 'Degraded', reason: why }]);
  await setMtu(lab, '9000'); // natively attached, the driver refuses that
  lab.writeState(host);
  const [waiting] = (await reconcile(lab)).interfaces;
  expect(waiting).toMatchObject({ mode: 'generic', reason: why });
  expect(waiting?.reason).not.toContain('possible');

  await setMtu(lab, '1500');
  const possible = expect.stringContaining('native is possible now') as string;
  expect((await reconcile(lab)).interfaces).toMatchObject([{ mode: 'generic', reason: possible }]);
  const retried = await reconcile(lab, 0, '--retry');
  expect(retried.steps).toMatchObject([{ gap: true, outcome: 'done' }]);
  expect(retried.interfaces).toMatchObject([{ mode: 'native', condition: 'Ready' }]);
});

it('takes large frames where it did, though no large MTU is set yet', async () => {
  await using lab = await createLab();
  await setMtu(lab, '9000');
  lab.writeState({
    'hosts/lab.yaml': hostFile({ veth0: 'mode: native, policy: edge' }),
    'policies/edge.yaml': policyFile('edge', { rules: [] }),
  });
  const before = await reconcile(lab);
  expect(before.interfaces[0]?.digest).toContain('frags');
  await reboot(lab);
  await setMtu(lab, '1500');
  const { interfaces } = await restore(lab);
  expect(interfaces).toMatchObject([{ mode: 'native', digest: before.interfaces[0]?.digest }]);
  await setMtu(lab, '9000');
  expect(await restore(lab)).toMatchObject({ changed: false });
});
