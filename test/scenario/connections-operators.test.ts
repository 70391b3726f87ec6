// What operators see of connections, and how they have some forgotten: with real packets on a real host.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Connections, RemovedConnections } from '../../src/model/connection-table.js';
import { createLab } from '../lab.js';
import { ip } from '../lab/traffic.js';
import { ASKING, askJson, listConnections } from '../support/asking.js';
import { ANSWER, askFor, serve } from '../support/datagrams.js';
import { reconcile } from '../support/host.js';
import { counts, withoutGrace, writePolicy } from '../support/policies.js';

it('counts, filters and pages what is known, and has some of it forgotten', async () => {
  await using lab = await createLab();
  const { peerAddress, address } = lab.pair('veth0');
  await using _answer = await serve(lab, ANSWER, peerAddress, 7053, 5);
  const nothing = await lab.run(['connections']);
  expect(nothing).toMatchObject({ exitCode: 64 });
  expect(nothing.stderr).toContain('no connections are known here');
  writePolicy(lab, ASKING);
  await reconcile(lab);

  await using conversation = await lab.converse('veth0', 7022);
  await conversation.say('over ssh');
  expect(await askFor(lab, peerAddress, 7053)).toBe('aaaaa');
  expect(await askFor(lab, peerAddress, 7053)).toBe('aaaaa');
  await lab.exec('ping', '-n', '-q', '-c', '1', '-W', '2', peerAddress);

  const all = await listConnections(lab, 'veth0');
  expect(all.tables.map(({ name, capacity }) => [name, capacity])).toEqual([
    ['opened', 131_072],
    ['served', 131_072],
    ['begun', 65_536],
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
      ...(await listConnections(lab, '--limit', '1', ...(skip > 0 ? ['--skip', String(skip)] : [])))
        .connections,
    );
  const names = (from: Connections['connections']) =>
    from.map(({ protocol, localPort, remote }) => `${protocol} ${localPort} ${remote}`);
  expect(names(pages)).toEqual(names(all.connections));
  const beyond = await listConnections(lab, '--skip', '500');
  expect(beyond).toMatchObject({ connections: [], skipped: all.matched, more: 0 });

  expect((await listConnections(lab, '--protocol', 'udp', '--port', '7053')).matched).toBe(2);
  expect((await listConnections(lab, '--address', '198.51.100.0/24')).matched).toBe(0);
  expect((await listConnections(lab, '--flow-state', 'flowing')).connections).toMatchObject([
    { localPort: 7022 },
  ]);
  const text = await lab.run(['connections', '--protocol', 'tcp']);
  expect(text.stdout).toContain('tcp flowing: 1');
  expect(text.stdout).toMatch(new RegExp(`${address}:7022 +${peerAddress}`));

  const refused = await lab.run(['connections', 'veth7']);
  expect(refused).toMatchObject({ exitCode: 64 });
  expect(refused.stderr).toContain('runs no policy of ours that asks about connections');

  // What is forgotten is a stranger again: the same answer that came in does not any more.
  const [query] = (await listConnections(lab, '--protocol', 'udp')).connections;
  const ends = { source: ip(peerAddress), destination: ip(address) };
  const late = { ...ends, protocol: 17, sourcePort: 7053, destinationPort: query?.localPort ?? 0 };
  const before = await counts(lab);
  await lab.send(late, 2);
  await expect.poll(async () => (await counts(lab))['answers']).toBe((before['answers'] ?? 0) + 2);
  const filter = ['--port', String(query?.localPort), '--protocol', 'udp'];
  const dry = await askJson<RemovedConnections>(lab, 'connections', 'remove', '--dry-run', ...filter);
  expect(dry).toMatchObject({ matched: 1, removed: 0, dryRun: true });
  expect((await listConnections(lab, ...filter)).matched).toBe(1);
  const gone = await askJson<RemovedConnections>(lab, 'connections', ...filter, 'remove');
  expect(gone).toMatchObject({ matched: 1, removed: 1, filter: `protocol udp, port ${query?.localPort}` });
  expect((await listConnections(lab, ...filter)).matched).toBe(0);
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

it('what keeps the session of the operator alive is not forgotten by accident', async () => {
  await using lab = await createLab();
  const { address, peerAddress } = lab.pair('veth0');
  await using conversation = await lab.converse('veth0', 7022);
  await conversation.say('before anything');
  const answers = { name: 'answers', match: { connection: 'established' }, action: 'pass' };
  writePolicy(lab, { default: 'drop', rules: [answers] });
  await reconcile(lab);
  const [session] = (await listConnections(lab, '--port', '7022')).connections;
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
  expect((await listConnections(lab, '--port', '7022')).matched).toBe(1);

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
  expect((await listConnections(lab, '--port', '7022')).matched).toBe(0);
  await lab.exec('rm', '-r', join(lab.bpffs, 'xdpkeep')); // so that the connection can be closed
});

it('events and capture say what a packet is to the connections of the host', async () => {
  await using lab = await createLab();
  const { peerAddress } = lab.pair('veth0');
  await using _answer = await serve(lab, ANSWER, peerAddress, 7053, 5);
  writePolicy(lab, ASKING);
  withoutGrace(lab);
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
