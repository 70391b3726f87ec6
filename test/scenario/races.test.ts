// The world changes between looking and doing: the run is held still there. Whatever was planned with is not there any
// more; nothing is overwritten, nothing is left open, and the next pass goes on from what there is.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { createLab, type Lab } from '../lab.js';
import type { Finished } from '../lab/exec.js';
import { ICMP_DROP, OWN, ownProgram, reconcile, writeHost } from '../support/host.js';
import { stopAt } from '../support/stopped.js';

const NATIVE = `mode: native, program: ${ICMP_DROP}`;

const result = ({ stdout }: Finished) => JSON.parse(stdout) as Reconciliation;

async function remake(lab: Lab): Promise<void> {
  await lab.exec('ip', 'link', 'del', 'veth0');
  await lab.exec('ip', 'link', 'add', 'spacer', 'type', 'bridge'); // takes the number
  await lab.addPair(0);
}

it('a foreign program arrives before the attachment: it stays, the step fails, the next pass refuses', async () => {
  await using lab = await createLab();
  writeHost(lab, { veth0: NATIVE });
  const run = await stopAt(lab, 'link:before');
  const id = await lab.attachForeign('veth0');
  const ended = await run.resume();
  expect(ended).toMatchObject({ exitCode: 12 });
  expect(result(ended).steps).toMatchObject([{ action: 'attach', outcome: 'failed' }]);
  expect((await lab.netShow()).xdp).toMatchObject([{ id }]);
  expect((await reconcile(lab, 14)).interfaces).toMatchObject([{ condition: 'Refused' }]);
  expect(await lab.run(['journal', 'verify'])).toMatchObject({ exitCode: 0 });
});

it('a foreign program arrives before a take-over: it is not the one that was seen, and stays', async () => {
  await using lab = await createLab();
  writeHost(lab, { veth0: `${NATIVE}, foreign: replace` });
  await lab.attachForeign('veth0', 'xdpgeneric');
  const run = await stopAt(lab, 'take-over:before');
  await lab.exec('bpftool', 'net', 'detach', 'xdpgeneric', 'dev', 'veth0');
  rmSync(join(lab.bpffs, 'foreign_veth0'));
  const other = await lab.attachForeign('veth0', 'xdpgeneric');
  const ended = await run.resume();
  expect(ended).toMatchObject({ exitCode: 12 });
  expect((await lab.netShow()).xdp).toMatchObject([{ id: other }]);
  expect((await reconcile(lab)).interfaces).toMatchObject([{ condition: 'Ready', mode: 'native' }]);
});

it.each(['link:before', 'pin:before'] as const)(
  'the interface is made anew at %s: the next pass attaches',
  async (point) => {
    await using lab = await createLab();
    writeHost(lab, { veth0: NATIVE });
    const run = await stopAt(lab, point);
    await remake(lab);
    const ended = await run.resume();
    expect(ended).toMatchObject({ exitCode: 12 });
    expect(result(ended).interfaces).toMatchObject([{ condition: 'Failed' }]);
    expect((await lab.netShow()).xdp).toEqual([]);
    expect((await reconcile(lab)).interfaces).toMatchObject([{ condition: 'Ready' }]);
    expect(await lab.ping(1)).toEqual({ sent: 1, received: 0 });
  },
);

it('the interface is made anew before an update: nothing of the old one is taken for the new one', async () => {
  await using lab = await createLab();
  lab.writeState({ 'programs/own.bpf.c': ownProgram('extra') });
  writeHost(lab, { veth0: NATIVE });
  await reconcile(lab);
  await lab.ping(2);
  writeHost(lab, { veth0: `mode: native, program: ${OWN}` });
  const run = await stopAt(lab, 'swap:before');
  await remake(lab);
  const { exitCode } = await run.resume();
  expect([10, 11, 12]).toContain(exitCode);
  const { xdp } = await lab.netShow();
  expect(xdp).toEqual([]);
  expect((await reconcile(lab)).interfaces).toMatchObject([{ condition: 'Ready' }]);
  expect(await lab.ping(1)).toEqual({ sent: 1, received: 0 });
  expect(await reconcile(lab)).toMatchObject({ changed: false });
});

it('the interface is gone before a detach: done', async () => {
  await using lab = await createLab();
  writeHost(lab, { veth0: NATIVE });
  await reconcile(lab);
  writeHost(lab, {});
  const run = await stopAt(lab, 'drop-link:before');
  await lab.exec('ip', 'link', 'del', 'veth0');
  expect(await run.resume()).toMatchObject({ exitCode: 0 });
  expect(await reconcile(lab)).toMatchObject({ changed: false });
});

it('native is refused on one of three interfaces: the others converge, for attach and for a change of mode', async () => {
  await using lab = await createLab({ pairs: 3 });
  await lab.execOutside('ip', 'link', 'set', 'peer1', 'mtu', '9000');
  writeHost(lab, { veth0: NATIVE, veth1: NATIVE, veth2: NATIVE });
  const partial = await reconcile(lab, 12);
  expect(partial.interfaces).toMatchObject([
    { condition: 'Ready' },
    { condition: 'Failed' },
    { condition: 'Ready' },
  ]);
  expect(partial.steps[1]).toMatchObject({
    outcome: 'failed',
    error: expect.stringContaining('Peer MTU is too large') as string,
    hint: expect.stringContaining('ip link set PEER mtu') as string,
  });
  writeHost(lab, { 'veth*': `mode: generic, program: ${ICMP_DROP}` });
  expect((await reconcile(lab)).interfaces.map(({ mode }) => mode)).toEqual([
    'generic',
    'generic',
    'generic',
  ]);
  writeHost(lab, { 'veth*': NATIVE });
  const changed = await reconcile(lab, 12);
  expect(changed.interfaces).toMatchObject([
    { mode: 'native' },
    { mode: 'generic', condition: 'Failed' },
    { mode: 'native' },
  ]);
  for (const { name } of lab.network.pairs) expect(await lab.ping(1, name)).toEqual({ sent: 1, received: 0 });
  await lab.execOutside('ip', 'link', 'set', 'peer1', 'mtu', '1500');
  expect((await reconcile(lab, 0, '--retry')).interfaces.map(({ mode }) => mode)).toEqual([
    'native',
    'native',
    'native',
  ]);
  expect(await lab.run(['journal', 'verify'])).toMatchObject({ exitCode: 0 });
});

it('the lock file is deleted while it is held: a second run stays out, and the first one ends well', async () => {
  await using lab = await createLab();
  writeHost(lab, { veth0: NATIVE });
  const run = await stopAt(lab, 'link:after');
  rmSync(join(lab.dataDir, 'lock'));
  for (const args of [
    ['reconcile'],
    ['detach', '--all', '--reason', 'r'],
    ['suspend', '--reason', 'r', '--for', '1h'],
  ]) {
    expect({ args, ...(await lab.run(args)) }).toMatchObject({ args, exitCode: 75 });
  }
  expect(await run.resume()).toMatchObject({ exitCode: 0 });
  expect(await reconcile(lab)).toMatchObject({ changed: false, interfaces: [{ condition: 'Ready' }] });
  expect(await lab.run(['journal', 'verify'])).toMatchObject({ exitCode: 0 });
});
