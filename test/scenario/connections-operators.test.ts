// What operators see of connections, and how they have some forgotten: with real packets on a real host.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { mapCalls } from '../../src/kernel/ffi-maps.js';
import { openPin } from '../../src/kernel/pinned.js';
import { CONNECTION_BYTES, FLOW_BYTES, OPENED_FROM, PHASES } from '../../src/model/connections.js';
import type { Doctor } from '../../src/model/doctor.js';
import type { Connections, RemovedConnections } from '../../src/model/connection-table.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import type { Status } from '../../src/model/status.js';
import { createLab, type Lab } from '../lab.js';
import { ip } from '../lab/traffic.js';
import { ANSWER, askFor, serve } from '../support/datagrams.js';
import { document, reconcile } from '../support/host.js';
import { counts, writePolicy } from '../support/policies.js';

const POLICY = {
  default: 'drop',
  rules: [
    { name: 'ssh', match: { connection: 'new', protocol: 'tcp', destinationPort: 7022 }, action: 'pass' },
    { name: 'pongs', match: { protocol: 'icmp', connection: 'established' }, action: 'pass' },
    {
      name: 'answers',
      match: { connection: ['established', 'related'] },
      action: 'pass',
      log: { oneIn: 1 },
    },
    { name: 'strangers', match: { connection: ['new', 'invalid'] }, action: 'drop', log: { oneIn: 1 } },
  ],
};

const json = async <T>(lab: Lab, ...args: string[]): Promise<T> =>
  document<T>(await lab.run([...args, '--output', 'json']), 0);

const recorders = (lab: Lab) =>
  readdirSync(join(lab.bpffs, 'xdpkeep/interfaces/veth0')).filter((name) => name.startsWith('egress-'));

const checkIn = (text: string) =>
  (JSON.parse(text) as Doctor).checks.find(({ name }) => name === 'connections');

/** Of one table. */
const CAPACITY = 131_072;

/** TCP flows from 203.0.113.0/24 to ports that this host opens, as if it had spoken in them just now. */
function fill(path: string, entries: number): void {
  using map = openPin(path);
  if (!map) throw new Error(`nothing is pinned at ${path}`);
  const flow = Buffer.alloc(FLOW_BYTES);
  const connection = Buffer.alloc(CONNECTION_BYTES);
  connection.writeBigUInt64LE(process.hrtime.bigint(), 0);
  connection.writeUInt32LE(432_000, 8);
  connection.writeUInt8(PHASES.indexOf('flowing'), 12);
  flow.set([203, 0, 113], 0);
  flow.set([192, 0, 2, 2], 16);
  flow.writeUInt8(4, 36);
  flow.writeUInt8(6, 37);
  for (let at = 0; at < entries; at++) {
    flow.writeUInt8(at & 255, 3);
    flow.writeUInt16BE(443, 32);
    flow.writeUInt16BE(OPENED_FROM + (at >> 8), 34);
    expect(mapCalls().update(map.number, flow, connection, 0n)).toBe(0);
  }
}

const list = (lab: Lab, ...args: string[]) => json<Connections>(lab, 'connections', ...args);

it('counts, filters and pages what is known, and has some of it forgotten', async () => {
  await using lab = await createLab();
  const { peerAddress, address } = lab.pair('veth0');
  await using _answer = await serve(lab, ANSWER, peerAddress, 7053, 5);
  const nothing = await lab.run(['connections']);
  expect(nothing).toMatchObject({ exitCode: 64 });
  expect(nothing.stderr).toContain('no connections are known here');
  writePolicy(lab, POLICY);
  await reconcile(lab);

  await using conversation = await lab.converse('veth0', 7022);
  await conversation.say('over ssh');
  expect(await askFor(lab, peerAddress, 7053)).toBe('aaaaa');
  expect(await askFor(lab, peerAddress, 7053)).toBe('aaaaa');
  await lab.exec('ping', '-n', '-q', '-c', '1', '-W', '2', peerAddress);

  const all = await list(lab, 'veth0');
  expect(all.tables.map(({ name, capacity }) => [name, capacity])).toEqual([
    ['opened', 131_072],
    ['served', 131_072],
  ]);
  const count = (protocol: string, state: string) =>
    all.counts.find((one) => one.protocol === protocol && one.state === state)?.connections;
  expect(count('udp', 'answered')).toBe(2);
  expect(count('icmp', 'answered')).toBe(1);
  expect(count('tcp', 'flowing')).toBe(1);
  const rows = Object.fromEntries(all.rules?.rows.map(({ rule, connections }) => [rule, connections]) ?? []);
  expect(rows['pongs']).toBe(1);
  expect(rows['answers']).toBe(all.matched - all.counts.filter(({ protocol }) => protocol === 'icmp').length);
  expect(all.rules?.asked).toBe(all.matched);
  const ssh = all.connections.find(({ protocol }) => protocol === 'tcp');
  expect(ssh).toMatchObject({ local: address, localPort: 7022, remote: peerAddress, answered: true });

  // Pages: one after the other they are all of them.
  const pages = [];
  for (let skip = 0; skip < all.matched; skip++)
    pages.push(
      ...(await list(lab, '--limit', '1', ...(skip > 0 ? ['--skip', String(skip)] : []))).connections,
    );
  const names = (from: Connections['connections']) =>
    from.map(({ protocol, localPort, remote }) => `${protocol} ${localPort} ${remote}`);
  expect(names(pages)).toEqual(names(all.connections));
  const beyond = await list(lab, '--skip', '500');
  expect(beyond).toMatchObject({ connections: [], skipped: all.matched, more: 0 });

  expect((await list(lab, '--protocol', 'udp', '--port', '7053')).matched).toBe(2);
  expect((await list(lab, '--address', '198.51.100.0/24')).matched).toBe(0);
  expect((await list(lab, '--flow-state', 'flowing')).connections).toMatchObject([{ localPort: 7022 }]);
  const text = await lab.run(['connections', '--protocol', 'tcp']);
  expect(text.stdout).toContain('tcp flowing: 1');
  expect(text.stdout).toMatch(new RegExp(`${address}:7022 +${peerAddress}`));

  const refused = await lab.run(['connections', 'veth7']);
  expect(refused).toMatchObject({ exitCode: 64 });
  expect(refused.stderr).toContain('runs no policy of ours that asks about connections');

  // What is forgotten is a stranger again: the same answer that came in does not any more.
  const [query] = (await list(lab, '--protocol', 'udp')).connections;
  const ends = { source: ip(peerAddress), destination: ip(address) };
  const late = { ...ends, protocol: 17, sourcePort: 7053, destinationPort: query?.localPort ?? 0 };
  const before = await counts(lab);
  await lab.send(late, 2);
  await expect.poll(async () => (await counts(lab))['answers']).toBe((before['answers'] ?? 0) + 2);
  const filter = ['--port', String(query?.localPort), '--protocol', 'udp'];
  const dry = await json<RemovedConnections>(lab, 'connections', 'remove', '--dry-run', ...filter);
  expect(dry).toMatchObject({ matched: 1, removed: 0, dryRun: true });
  expect((await list(lab, ...filter)).matched).toBe(1);
  const gone = await json<RemovedConnections>(lab, 'connections', ...filter, 'remove');
  expect(gone).toMatchObject({ matched: 1, removed: 1, filter: `protocol udp, port ${query?.localPort}` });
  expect((await list(lab, ...filter)).matched).toBe(0);
  await lab.send(late, 3);
  await expect.poll(async () => (await counts(lab))['strangers']).toBeGreaterThanOrEqual(3);
  expect(await counts(lab)).toMatchObject({ answers: (before['answers'] ?? 0) + 2 });
  const journal = await lab.run(['journal', 'show']);
  expect(journal.stdout).toContain('forget-connections');
  expect(journal.stdout).toContain(`1 with protocol udp, port ${query?.localPort}`);
  expect(journal.stdout.match(/forget-connections/g), 'a dry run is no change').toHaveLength(1);
  const none = await lab.run(['connections', 'remove', '--address', '198.51.100.9']);
  expect(none).toMatchObject({ exitCode: 0, stdout: 'removed 0 connections with address 198.51.100.9' });
  await conversation.say('still there');
});

it('status, memory, metrics and top say how full the tables are, and what records', async () => {
  await using lab = await createLab({ pairs: 2 });
  writePolicy(lab, POLICY);
  const figures = join(lab.directory, 'xdpkeep.prom');
  await reconcile(lab);
  await lab.exec('ping', '-n', '-q', '-c', '1', '-W', '2', lab.pair('veth0').peerAddress);
  await lab.run(['reconcile', '--metrics-file', figures]);

  const status = await json<Status>(lab, 'status', '--memory');
  const [veth0] = status.interfaces;
  expect(veth0?.egress?.programId).toBeGreaterThan(0);
  expect(veth0?.egress?.programId).not.toBe(veth0?.programId);
  const [opened] = status.connections?.tables ?? [];
  expect(opened).toMatchObject({ name: 'opened', capacity: 131_072, states: { answered: 1 } });
  expect(opened?.recorded).toMatchObject({ forgotten: 0 });
  expect(opened?.recorded?.flows).toBe((opened?.known ?? 0) + (opened?.over ?? 0));
  expect(status.connections?.pressure).toBe('none');
  const shared = status.memory?.shared.filter(({ name }) => name.endsWith(' connections')) ?? [];
  expect(shared.map(({ name }) => name).sort()).toEqual([
    'opened connections',
    'recorded connections',
    'served connections',
  ]);
  const entry = 40 + 16;
  expect(shared.find(({ name }) => name.startsWith('opened'))?.bytes).toBeGreaterThan(131_072 * entry);
  const text = await lab.run(['status']);
  expect(text.stdout).toMatch(/veth0 records what leaves: program \d+/);
  expect(text.stdout).toMatch(/opened connections: \d+ of 131,072/);

  const prometheus = readFileSync(figures, 'utf8');
  expect(prometheus).toMatch(/^xdpkeep_connections\{table="opened",state="answered"\} 1$/m);
  expect(prometheus).toMatch(/^xdpkeep_connections_capacity\{table="served"\} 131072$/m);
  expect(prometheus).toMatch(/^xdpkeep_connections_recorded_total\{table="opened"\} \d+$/m);
  expect(prometheus).toMatch(/^xdpkeep_connections_forgotten\{table="opened"\} 0$/m);
});

it('a table that is nearly full of what is not over alarms, and what makes room is counted', async () => {
  await using lab = await createLab();
  const { peerAddress } = lab.pair('veth0');
  writePolicy(lab, POLICY);
  await reconcile(lab);
  const sound = await lab.run(['doctor', '--output', 'json']);
  expect(checkIn(sound.stdout)).toMatchObject({ status: 'ok' });

  await lab.inside(() => {
    fill(join(lab.bpffs, 'xdpkeep/connections/opened'), CAPACITY);
  });
  const full = await json<Status>(lab, 'status');
  expect(full.connections?.pressure).toBe('full');
  expect(full.warnings).toContainEqual(
    expect.stringMatching(/^the table of opened connections is \d+ % full: connections are forgotten/),
  );
  const pass = document<Reconciliation>(await lab.run(['reconcile', '--output', 'json']), 0);
  expect(pass.warnings).toContainEqual(expect.stringMatching(/^the table of opened connections is/));
  expect(pass.changed).toBe(false);
  const pressed = await lab.run(['doctor', '--output', 'json']);
  expect(checkIn(pressed.stdout)).toMatchObject({ status: 'warning' });
  const shown = await lab.run(['top', '--count', '1', '--every', '100ms']);
  expect(shown.stdout).toMatch(/opened connections: 1\d\d,\d{3} of 131,072/);
  // What leaves is new, and something has to go for it. What the test wrote itself nobody counted.
  const counted = (of: Status) => of.connections?.tables[0]?.recorded?.flows ?? 0;
  const before = counted(full);
  for (const port of [7061, 7062]) await askFor(lab, peerAddress, port);
  const after = await json<Status>(lab, 'status');
  expect(counted(after)).toBeGreaterThanOrEqual(before + 2);
  expect(after.connections?.tables[0]?.known).toBeLessThanOrEqual(CAPACITY);
  const page = await list(lab, '--limit', '10', '--skip', '100000', 'veth0');
  expect(page.connections).toHaveLength(10);
  expect(page.rules?.asked).toBe(page.matched);
  const gone = await json<RemovedConnections>(lab, 'connections', 'remove', '--address', '203.0.113.0/24');
  expect(gone.removed).toBe(gone.matched);
  expect(gone.removed).toBeGreaterThan(100_000);
  expect((await json<Status>(lab, 'status')).connections?.pressure).toBe('none');

  // A policy that asks, and nothing that records: the doctor says where.
  rmSync(join(lab.bpffs, 'xdpkeep/interfaces/veth0', recorders(lab)[0] ?? ''));
  const silent = await lab.run(['doctor', '--output', 'json']);
  expect(checkIn(silent.stdout)).toMatchObject({
    status: 'failure',
    found: expect.stringContaining('what leaves veth0 is not recorded') as string,
  });
});

it('what keeps the session of the operator alive is not forgotten by accident', async () => {
  await using lab = await createLab();
  const { address, peerAddress } = lab.pair('veth0');
  await using conversation = await lab.converse('veth0', 7022);
  await conversation.say('before anything');
  const answers = { name: 'answers', match: { connection: 'established' }, action: 'pass' };
  writePolicy(lab, { default: 'drop', rules: [answers] });
  await reconcile(lab);
  const [session] = (await list(lab, '--port', '7022')).connections;
  const env = { SSH_CONNECTION: `${peerAddress} ${session?.remotePort} ${address} 7022` };
  const remove = (...args: string[]) =>
    lab.run(['connections', 'remove', '--protocol', 'tcp', ...args], { env });
  for (const args of [[], ['--dry-run']]) {
    const refused = await remove(...args);
    expect(refused).toMatchObject({ exitCode: 14 });
    expect(refused.stderr).toContain(`this would lock out: veth0: this SSH session from ${peerAddress}`);
  }
  expect(await remove('--port', '23')).toMatchObject({ exitCode: 0 });
  expect(await conversation.say('still there')).toBe('still there');
  expect((await list(lab, '--port', '7022')).matched).toBe(1);

  // What is protected does not depend on it.
  const protect = { protocol: 'tcp', source: peerAddress, destinationPort: 7022 };
  writePolicy(lab, { default: 'drop', rules: [answers] }, [protect]);
  await reconcile(lab);
  expect(await remove('--dry-run')).toMatchObject({ exitCode: 0 });
  writePolicy(lab, { default: 'drop', rules: [answers] });
  await reconcile(lab);
  const accepted = await remove('--accept-lockout');
  expect(accepted).toMatchObject({ exitCode: 0, stdout: 'removed 1 connection with protocol tcp' });
  expect(accepted.stderr).toContain('accepted: this locks out veth0: this SSH session');
  expect((await list(lab, '--port', '7022')).matched).toBe(0);
  await lab.exec('rm', '-r', join(lab.bpffs, 'xdpkeep')); // so that the connection can be closed
});

it('events and capture say what a packet is to the connections of the host', async () => {
  await using lab = await createLab();
  const { peerAddress } = lab.pair('veth0');
  await using _answer = await serve(lab, ANSWER, peerAddress, 7053, 5);
  writePolicy(lab, POLICY);
  await reconcile(lab);
  for (const args of [['events'], ['capture', 'veth0']]) {
    const running = lab.start([...args, '--output', 'json']);
    let out = '';
    running.stdout.on('data', (text) => (out += String(text)));
    await new Promise((resolve) => running.stderr.once('data', resolve));
    expect(await askFor(lab, peerAddress, 7053)).toBe('aaaaa');
    await lab.send({ protocol: 17, sourcePort: 53, destinationPort: 40001 });
    await lab.send({ protocol: 6, sourcePort: 443, destinationPort: 40001, tcpFlags: 16 });
    await expect
      .poll(() => statesIn(out), { message: args.join(' ') })
      .toEqual(expect.arrayContaining(['answers established', 'strangers new', 'strangers invalid']));
    running.kill('SIGTERM');
    await running;
  }
});

/** `answers established`, of each packet in whole lines of a stream. */
function statesIn(text: string): string[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { rule?: string; connection?: string })
    .map(({ rule, connection }) => `${rule} ${connection}`);
}
