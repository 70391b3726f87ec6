// Conntrack as a second source of connections: a router with masquerade knows flows that left before anything was recorded, both directions
// of them, and no stranger's. Refused by name where it follows nothing; said loudly when it stops.
// needs: iptables lab
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Check } from '../../src/model/doctor.js';
import type { ConnectionSource } from '../../src/model/connections.js';
import type { Explanation } from '../../src/model/explain.js';
import type { PacketDescription } from '../../src/model/policy.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import type { Status } from '../../src/model/status.js';
import { createLab, type Lab } from '../lab.js';
import { putBehind } from '../lab/behind.js';
import { ip } from '../lab/traffic.js';
import { ANSWER, askFor, askFrom, serve, serveIn } from '../support/datagrams.js';
import { document, hostFile, reconcile, status } from '../support/host.js';
import { counts, policyFile } from '../support/policies.js';
import { ECHO, talkFrom } from '../support/streams.js';

const ENDS = ['address', 'address6'] as const;
const PEERS = { address: 'peerAddress', address6: 'peerAddress6' } as const;

/** Of a world that nobody has asked anything. */
const WORLD = { address: '198.18.0.9', address6: '2001:db8::9' };

const ROUTER = {
  default: 'drop',
  neighborDiscovery: 'pass',
  rules: [
    { name: 'known', match: { connection: 'established' }, action: 'pass' },
    { name: 'errors', match: { connection: 'related' }, action: 'pass' },
  ],
  tests: [
    {
      name: 'an answer',
      packet: { protocol: 'udp', connection: 'established' },
      expect: 'pass',
      rule: 'known',
    },
    {
      name: 'nobody asked',
      packet: { protocol: 'udp', sourcePort: 53, destinationPort: 40000 },
      expect: 'drop',
    },
    {
      name: 'what was asked',
      after: [
        {
          outgoing: {
            protocol: 'udp',
            source: '10.77.0.1',
            destination: '10.77.0.2',
            sourcePort: 40000,
            destinationPort: 53,
          },
        },
      ],
      packet: {
        protocol: 'udp',
        source: '10.77.0.2',
        destination: '10.77.0.1',
        sourcePort: 53,
        destinationPort: 40000,
      },
      expect: 'pass',
      rule: 'known',
    },
  ],
};
/** Whoever is inside may begin. */
const INSIDE = {
  ...ROUTER,
  rules: [...ROUTER.rules, { name: 'out', match: { connection: 'new' }, action: 'pass' }],
  tests: [],
};

function write(lab: Lab, from: ConnectionSource, interfaces: Record<string, string>): void {
  lab.writeState({
    'policies/router.yaml': policyFile('router', ROUTER),
    'policies/inside.yaml': policyFile('inside', INSIDE),
    'hosts/lab.yaml': `${hostFile(interfaces)}connections: {from: ${from}, grace: 0s}\n`,
  });
}

const OUTSIDE_ALONE = { veth0: 'mode: native, policy: router' };
const BOTH = { ...OUTSIDE_ALONE, veth1: 'mode: native, policy: inside' };

async function rule(lab: Lab, ...words: string[]): Promise<void> {
  for (const tool of ['iptables', 'ip6tables']) await lab.exec(tool, '-w', ...words);
}

const masquerade = (lab: Lab) =>
  rule(lab, '-t', 'nat', '-A', 'POSTROUTING', '-o', 'veth0', '-j', 'MASQUERADE');

/** From now on the tables know no UDP and no TCP: whatever is known of these, conntrack knows. */
async function forgetAll(lab: Lab): Promise<void> {
  for (const protocol of ['udp', 'tcp'])
    document(await lab.run(['connections', 'remove', '--protocol', protocol, '--output', 'json']), 0);
}

/** Says something by UDP from port 40123, and keeps a TCP connection from port 40124 open, until it is killed. */
const ASK_AND_STAY = `
const [address, udp, tcp] = process.argv.slice(1);
const socket = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
socket.once('message', () => {
  require('node:net').connect({ host: address, port: Number(tcp), localPort: 40124 }, () => console.log('ready'));
});
socket.bind(40123, () => socket.send('question', Number(udp), address));
`;

/** What the other end sends to the router, or what is sent in its name. */
async function send(lab: Lab, end: (typeof ENDS)[number], packets: PacketDescription[]): Promise<void> {
  const pair = lab.pair('veth0');
  for (const packet of packets)
    await lab.send({ source: ip(pair[PEERS[end]]), destination: ip(pair[end]), ...packet }, 3);
}

/** Rises of counters at veth0 while packets come in. `(default)` counts multicast too. */
async function rises(lab: Lab, action: () => Promise<void>, sent: number): Promise<Record<string, number>> {
  const before = await counts(lab);
  const total = (now: Record<string, number>) =>
    Object.keys(now).reduce((sum, row) => sum + (now[row] ?? 0) - (before[row] ?? 0), 0);
  await action();
  await expect.poll(async () => total(await counts(lab))).toBeGreaterThanOrEqual(sent);
  const after = await counts(lab);
  return { known: (after['known'] ?? 0) - (before['known'] ?? 0) };
}

const ACK = 16;
const SYN = 2;
const ANSWERS: PacketDescription[] = [
  { protocol: 17, sourcePort: 7053, destinationPort: 40123 },
  { protocol: 6, sourcePort: 7007, destinationPort: 40124, tcpFlags: ACK },
];
const STRANGERS: PacketDescription[] = [
  { protocol: 17, sourcePort: 7054, destinationPort: 40123 },
  { protocol: 17, sourcePort: 7053, destinationPort: 40124 },
  { protocol: 6, sourcePort: 7007, destinationPort: 40123, tcpFlags: ACK },
  { protocol: 6, sourcePort: 7007, destinationPort: 40124, tcpFlags: SYN },
  { protocol: 6, sourcePort: 7007, destinationPort: 40124, tcpFlags: SYN | 1 },
];

it('a router: answers of flows that it forwards come in by the word of conntrack, v4 and v6, and strangers stay out', async () => {
  await using lab = await createLab({ pairs: 2 });
  await using behind = await putBehind(lab, 'veth1', 'veth0');
  await masquerade(lab);
  write(lab, 'conntrack', BOTH);
  const pair = lab.pair('veth0');
  for (const end of ENDS) {
    await using _echo = await serve(lab, ECHO, pair[PEERS[end]], 7007);
    await using _answer = await serve(lab, ANSWER, pair[PEERS[end]], 7053, 5);
    await reconcile(lab);
    expect(await talkFrom(behind.namespace, pair[PEERS[end]], 7007)).toBe('hello');
    expect(await askFrom(behind.namespace, pair[PEERS[end]], 7053)).toBe('aaaaa');
    expect(await askFrom(behind.namespace, pair[PEERS[end]], 7054), 'an error').toBe('ECONNREFUSED');
  }
  const known = await status(lab);
  expect(known.connections?.conntrack).toEqual({ follows: ['IPv4', 'IPv6'] });
  expect(known.warnings).toEqual([]);
  expect((await lab.run(['status'])).stdout).toContain(
    'conntrack is asked as well: it follows IPv4 and IPv6 here',
  );
});

it.each(ENDS)('what conntrack alone knows comes in, and no stranger: %s of the router', async (end) => {
  await using lab = await createLab({ pairs: 2 });
  await using behind = await putBehind(lab, 'veth1', 'veth0');
  await masquerade(lab);
  const peer = lab.pair('veth0')[PEERS[end]];
  await using _echo = await serve(lab, ECHO, peer, 7007);
  await using _answer = await serve(lab, ANSWER, peer, 7053, 5);
  write(lab, 'tables', BOTH);
  await reconcile(lab);
  await using _client = await serveIn(behind.namespace, ASK_AND_STAY, peer, 7053, 7007);
  // From now on the other end says only what this test sends in its name.
  for (const tool of ['iptables', 'ip6tables'])
    await lab.execOutside(tool, '-w', '-t', 'raw', '-A', 'OUTPUT', '-j', 'DROP');

  await forgetAll(lab);
  expect(await rises(lab, () => send(lab, end, ANSWERS), 6), 'the tables alone').toEqual({ known: 0 });

  write(lab, 'conntrack', BOTH);
  const change = await reconcile(lab);
  expect(change.steps.map(({ action }) => action)).toEqual(['update', 'update']);
  expect(await rises(lab, () => send(lab, end, ANSWERS), 6), 'conntrack as well').toEqual({ known: 6 });
  expect(await rises(lab, () => send(lab, end, STRANGERS), 15), 'strangers').toEqual({ known: 0 });
  expect(await rises(lab, () => send(lab, end, [{ ...ANSWERS[0], source: ip(WORLD[end]) }]), 3)).toEqual({
    known: 0,
  });

  const [peerText, own] = [peer, lab.pair('veth0')[end]];
  const asked = `protocol: udp, source: "${peerText}", destination: "${own}", sourcePort: 7053, destinationPort: 40123`;
  const explained = await lab.run(['explain', 'veth0', asked, '--output', 'json']);
  expect(document<Explanation>(explained, 0)).toMatchObject({
    connection: 'established',
    connectionFrom: 'conntrack',
    running: { row: 'known', action: 'pass' },
  });
  expect((await lab.run(['explain', 'veth0', asked])).stdout).toContain(
    'connection: established, by conntrack',
  );
  expect((await lab.run(['explain', 'veth0', asked.replace('7053', '7055')])).stdout).toContain(
    'connection: new\n',
  );
});

it('who only asks is in no connection, however often', async () => {
  await using lab = await createLab({ pairs: 1 });
  await rule(lab, '-A', 'INPUT', '-m', 'conntrack', '--ctstate', 'INVALID');
  write(lab, 'conntrack', { veth0: 'mode: native, policy: inside' });
  await reconcile(lab);
  const packet = { protocol: 17, sourcePort: 7053, destinationPort: 40123 };
  expect(await rises(lab, () => send(lab, 'address', [packet, packet]), 6)).toEqual({ known: 0 });
  const flows = await lab.exec('cat', '/proc/net/nf_conntrack');
  expect(flows, 'conntrack knows that it was asked').toMatch(/sport=7053 dport=40123 .*UNREPLIED/);
});

it('refused by name where conntrack follows nothing: nothing changes, and what runs goes on', async () => {
  await using lab = await createLab();
  write(lab, 'tables', OUTSIDE_ALONE);
  await reconcile(lab);
  const { interfaces, generation } = await status(lab);
  write(lab, 'conntrack', OUTSIDE_ALONE);
  for (const args of [['--dry-run'], []]) {
    const refused = await lab.run(['reconcile', ...args]);
    expect(refused.exitCode, refused.stdout).toBe(78);
    expect(refused.stderr).toContain(
      'connections: {from: conntrack} is refused: it does not follow a datagram',
    );
    expect(refused.stderr).toContain('Nothing was changed.');
  }
  const after = await status(lab);
  expect(after.generation).toBe(generation);
  const running = (rows: Status['interfaces']) => rows.map(({ programId }) => programId);
  expect(running(after.interfaces)).toEqual(running(interfaces));
  expect(await lab.exec('cat', '/proc/sys/net/netfilter/nf_conntrack_count'), 'asking wakes nobody').toBe(
    '0',
  );
  const doctor = await lab.run(['doctor', '--output', 'json']);
  const { checks } = JSON.parse(doctor.stdout) as { checks: Check[] };
  expect(checks.find(({ name }) => name === 'connections')).toMatchObject({
    status: 'failure',
    found: expect.stringContaining('conntrack is no source here') as string,
  });
});

it('when conntrack goes away it is said loudly, and the tables go on', async () => {
  await using lab = await createLab();
  await rule(lab, '-A', 'INPUT', '-m', 'conntrack', '--ctstate', 'INVALID');
  const peer = lab.pair('veth0').peerAddress;
  await using _answer = await serve(lab, ANSWER, peer, 7053, 5);
  write(lab, 'conntrack', OUTSIDE_ALONE);
  expect((await reconcile(lab)).warnings).toEqual([]);
  await rule(lab, '-F', 'INPUT');
  const warning = expect.stringContaining('conntrack is to be asked, and knows nothing') as string;
  const pass = await reconcile(lab);
  expect(pass).toMatchObject({ changed: false, warnings: [warning] });
  expect(await status(lab)).toMatchObject({
    warnings: [warning],
    connections: {
      conntrack: { follows: [], reason: expect.stringContaining('no rule of nftables') as string },
    },
  });
  expect(await askFor(lab, peer, 7053)).toBe('aaaaa');
  // A change of rules goes through: nobody is kept from mending a policy.
  lab.writeState({ 'policies/router.yaml': policyFile('router', { ...ROUTER, default: 'pass', tests: [] }) });
  expect(await reconcile(lab)).toMatchObject({ changed: true, warnings: [warning] });
  // Of one family it is said which.
  await lab.exec('iptables', '-w', '-A', 'INPUT', '-m', 'conntrack', '--ctstate', 'INVALID');
  expect(await status(lab)).toMatchObject({ connections: { conntrack: { follows: ['IPv4'] } } });
});

it('restore brings it back before any rule asks conntrack', async () => {
  await using lab = await createLab();
  await rule(lab, '-A', 'INPUT', '-m', 'conntrack', '--ctstate', 'INVALID');
  write(lab, 'conntrack', OUTSIDE_ALONE);
  await reconcile(lab);
  await rule(lab, '-F', 'INPUT');
  rmSync(join(lab.bpffs, 'xdpkeep'), { recursive: true });
  const restored = document<Reconciliation>(await lab.run(['restore', '--output', 'json']), 0);
  expect(restored).toMatchObject({ changed: true, interfaces: [{ name: 'veth0', condition: 'Ready' }] });
  expect(restored.warnings).toEqual([expect.stringContaining('conntrack is to be asked') as string]);
});
