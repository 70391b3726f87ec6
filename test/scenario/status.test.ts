// The operator's one screen: what it says, again and again where that is asked for, and while others are at work.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Counters } from '../../src/model/counters.js';
import type { History } from '../../src/model/history.js';
import type { Status, StatusCondition } from '../../src/model/status.js';
import { createLab } from '../lab.js';
import { ip, macOf } from '../lab/traffic.js';
import { document, ICMP_DROP, reconcile, status, writeHost } from '../support/host.js';
import { counts, writePolicy } from '../support/policies.js';

const NO_PING = { name: 'no-ping', match: { protocol: 'icmp' }, action: 'drop' };
const patience = { interval: 100 };

const condition = ({ conditions }: Status, type: StatusCondition['type']) =>
  conditions.find((one) => one.type === type);

it('says what runs, since when, and what became of its packets', async () => {
  await using lab = await createLab();
  const before = Date.now();
  writePolicy(lab, { rules: [NO_PING] });
  expect(condition(await status(lab), 'Ready')).toMatchObject({ status: 'False', reason: 'Pending' });
  await reconcile(lab);
  const destinationMac = await macOf(lab.network.firewall, 'veth0');
  const packet = { source: ip('198.51.100.9'), destination: ip('203.0.113.1'), destinationMac };
  await lab.send({ ...packet, protocol: 1, icmpType: 8 }, 7);
  await lab.send({ ...packet, protocol: 17, destinationPort: 9 }, 5);
  await expect.poll(() => counts(lab), patience).toMatchObject({ 'no-ping': 7 });

  const told = await status(lab);
  expect(told).toMatchObject({ generation: 1, applied: { generation: 1, origin: 'reconcile' } });
  expect(told.confirmed).toEqual(told.applied);
  expect(told.conditions.map(({ type }) => type)).toEqual([
    'Ready',
    'Degraded',
    'Pending',
    'Drifted',
    'Stalled',
    'Held',
    'Suspended',
    'PendingConfirm',
    'SourceVerified',
  ]);
  expect(condition(told, 'Ready')).toMatchObject({ status: 'True', reason: 'InSync' });
  expect(condition(told, 'SourceVerified')).toMatchObject({ status: 'Unknown', reason: 'NoSource' });
  const [veth0] = told.interfaces;
  expect(veth0).toMatchObject({
    name: 'veth0',
    running: { kind: 'policy', name: 'edge', mode: 'enforce' },
    packets: { dropped: 7 },
    foreign: [],
  });
  for (const time of [veth0?.running?.loaded, veth0?.attached, veth0?.changed, told.time]) {
    expect(Date.parse(time ?? '')).toBeGreaterThan(before - 2000);
    expect(Date.parse(time ?? '')).toBeLessThan(Date.now() + 2000);
  }
  const rows = await counts(lab);
  const sum = Object.values(rows).reduce((total, packets) => total + packets, 0);
  expect(veth0?.packets?.seen).toBeGreaterThanOrEqual(12);
  expect(veth0?.packets?.seen).toBeLessThanOrEqual(sum);

  const { stdout } = await lab.run(['status']);
  expect(stdout).toMatch(/^applied and confirmed: generation 1 of /m);
  expect(stdout).toMatch(/^Ready +True +0 min +InSync +the interface is in sync$/m);
  expect(stdout).toMatch(/^ {2}veth0 runs policy edge, loaded 0 min ago, attached 0 min ago$/m);
  expect(stdout).toMatch(/^ {2}veth0 saw \d+ packets \([\d,]+ bytes\), dropped 7 \(406 bytes\)$/m);

  writePolicy(lab, { rules: [NO_PING], mode: 'audit' });
  await reconcile(lab);
  expect((await status(lab)).interfaces).toMatchObject([
    { running: { mode: 'audit' }, packets: { dropped: 7 }, attached: veth0?.attached },
  ]);
});

it('tells each condition of the host', async () => {
  await using lab = await createLab({ pairs: 2 });
  writeHost(lab, { veth0: `mode: native, program: ${ICMP_DROP}`, nowhere: `program: ${ICMP_DROP}` });
  await reconcile(lab, 12);
  expect(condition(await status(lab), 'Degraded')).toMatchObject({ status: 'True', reason: 'Missing' });
  expect(condition(await status(lab), 'Ready')).toMatchObject({ status: 'False', reason: 'Missing' });

  writeHost(lab, { veth0: `mode: native, program: ${ICMP_DROP}` });
  await reconcile(lab);
  await lab.run(['suspend', '--reason', 'the switch', '--for', '1h']);
  const suspended = await status(lab);
  expect(condition(suspended, 'Suspended')).toMatchObject({ status: 'True', reason: 'SuspendedByOperator' });
  expect(condition(suspended, 'Suspended')?.since).toBe(suspended.suspensions?.[0]?.since);
  await lab.run(['resume']);

  await lab.run(['rollback', '0', '--reason', 'incident 7']);
  const held = await status(lab);
  expect(condition(held, 'Held')).toMatchObject({ status: 'True', since: held.hold?.since });
  expect(condition(held, 'Held')?.message).toContain('incident 7');
});

it('a change that waits is no drift, and a failure stays known', async () => {
  await using lab = await createLab();
  writeHost(lab, { veth0: `mode: native, program: ${ICMP_DROP}` });
  const pending = await status(lab);
  expect(condition(pending, 'Pending')).toMatchObject({ status: 'True', reason: 'Pending' });
  expect(condition(pending, 'Drifted')).toMatchObject({ status: 'False', reason: 'NoDrift' });
  await reconcile(lab);
  await lab.exec('rm', '-r', join(lab.bpffs, 'xdpkeep/interfaces/veth0'));
  await expect.poll(async () => condition(await status(lab), 'Drifted')?.status, patience).toBe('True');
  expect(condition(await status(lab), 'Pending')).toMatchObject({ status: 'False', reason: 'NoChanges' });
  await reconcile(lab);

  writeHost(lab, { veth0: `mode: offload, program: ${ICMP_DROP}` });
  expect((await status(lab)).interfaces).toMatchObject([{ condition: 'Pending' }]);
  const [tried] = (await reconcile(lab, 12)).interfaces;
  expect(tried).toMatchObject({ condition: 'Failed', mode: 'native' });
  const told = await status(lab);
  expect(told.interfaces).toMatchObject([
    { condition: 'Failed', reason: expect.stringContaining('EINVAL') as string, mode: 'native' },
  ]);
  expect(told).toMatchObject({ applied: { generation: 2, failed: ['veth0'] }, confirmed: { generation: 1 } });
  const { stdout } = await lab.run(['status']);
  expect(stdout).toMatch(/^applied, but for veth0, where it failed: generation 2 of /m);
  expect(stdout).toMatch(/^confirmed: generation 1 of /m);
  expect(stdout).not.toContain('applied and confirmed');

  writeHost(lab, { veth0: `mode: generic, program: ${ICMP_DROP}` });
  expect((await status(lab)).interfaces).toMatchObject([{ condition: 'Pending' }]);
  await reconcile(lab);
  expect((await lab.run(['status'])).stdout).toMatch(/^applied and confirmed: generation 3 of /m);
});

it('names a foreign program beside what is wanted', async () => {
  await using lab = await createLab();
  const id = await lab.attachForeign('veth0', 'xdpgeneric');
  writeHost(lab, { veth0: `mode: generic, program: ${ICMP_DROP}` });
  await reconcile(lab, 14);
  expect((await status(lab)).interfaces).toMatchObject([{ foreign: [{ programId: id, mode: 'generic' }] }]);
  expect((await lab.run(['status'])).stdout).toContain(`veth0 foreign XDP generic: program ${id}`);
});

it('--watch --output json is a stream that ends with its reader or a signal', async () => {
  await using lab = await createLab();
  writeHost(lab, {});
  const watching = lab.start(['status', '--watch', '--every', '200ms', '--output', 'json']);
  let said = '';
  watching.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await expect.poll(() => said.split('\n').length, patience).toBeGreaterThan(3);
  watching.kill('SIGTERM');
  expect((await watching).exitCode).toBe(0);
  const [version, ...documents] = said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string });
  expect(version).toEqual({ apiVersion: 'xdpkeep/v1', kind: 'Stream' });
  expect(new Set(documents.map(({ kind }) => kind))).toEqual(new Set(['Status']));
  expect(await lab.run(['status', '--watch', '--every', '1ms'])).toMatchObject({ exitCode: 64 });
});

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '--watch restores the terminal after %s',
  async (signal) => {
    await using lab = await createLab();
    writeHost(lab, {});
    const watching = lab.startOnTerminal(['status', '--watch', '--every', '200ms']);
    let said = '';
    watching.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await expect.poll(() => said.split('no interface is wanted').length, patience).toBeGreaterThan(2);
    const pid = Number(/pid (\d+)/.exec(said)?.[1]);
    process.kill(pid, signal);
    expect((await watching).exitCode).toBe(0);
    expect(said.indexOf('\u001b[?1049h\u001b[?25l')).toBeGreaterThan(0);
    expect(said.endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
    expect(said.split('\u001b[?1049h')).toHaveLength(2);
  },
);

const READERS = [
  ['status', '--output', 'json'],
  ['counters', '--output', 'json'],
  ['history', '--output', 'json'],
];

it('ten readers at once succeed while reconcile changes things, and do not disturb it', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [NO_PING] });
  await reconcile(lab);
  let over = false;
  const changing = async () => {
    for (let at = 0; at < 4; at++) {
      writePolicy(lab, { rules: [NO_PING, { ...NO_PING, name: `rule-${at}` }] });
      const { steps } = await reconcile(lab);
      expect(steps).toMatchObject([{ action: 'update', outcome: 'done' }]);
    }
    over = true;
  };
  const reading = async (_: unknown, index: number) => {
    const args = READERS[index % READERS.length] ?? [];
    do {
      const read = document<Status | Counters | History>(await lab.run(args), 0);
      expect(read.kind.toLowerCase()).toBe(args[0]);
    } while (!over);
  };
  await Promise.all([changing(), ...Array.from({ length: 10 }, reading)]);
  expect(await lab.run(['journal', 'verify'])).toMatchObject({ exitCode: 0 });
  expect(document<History>(await lab.run(['history', '--output', 'json']), 0).generation).toBe(5);
});
