// Interfaces without an Ethernet header: a real tun device, whose packets go to real sockets.
import { describe, expect, it } from 'vitest';
import type { Doctor } from '../../src/model/doctor.js';
import { parsePacket } from '../../src/desired/policy/packet-text.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import { createLab, type Lab } from '../lab.js';
import { steady } from '../lab/pace.js';
import { openTun, type Tun, TUN } from '../lab/tun.js';
import { listenAt, type Listeners } from '../lab/wire.js';
import { document, hostFile, ICMP_DROP, reconcile } from '../support/host.js';
import { counts, policyFile, type Written } from '../support/policies.js';

const [IPV4, IPV6, TAG] = [0x0800, 0x86dd, 0x8100];

function write(lab: Lab, mode: string, policy: Written): void {
  lab.writeState({
    'policies/edge.yaml': policyFile('edge', policy),
    'hosts/lab.yaml': hostFile({ tun0: `mode: ${mode}, policy: edge` }),
  });
}

/** One packet of each family to port 7777. */
function send(tun: Tun, listeners: Listeners): void {
  tun.send(listeners.frame(4, 4).subarray(14), IPV4);
  tun.send(listeners.frame(6, 6).subarray(14), IPV6);
}

const toPort = (port: number) => ({
  default: 'drop',
  rules: [{ name: 'open', match: { protocol: 'udp', destinationPort: port }, action: 'pass' }],
});

describe.each([
  ['generic', 'Ready'],
  ['auto', 'Degraded'], // no driver of such a device runs XDP
])('mode %s', (mode, condition) => {
  it('a policy decides packets of a tun device, and sockets get what it passes', async () => {
    await using lab = await createLab();
    using tun = await openTun(lab.network);
    await using listeners = await listenAt(lab.network, TUN);
    write(lab, mode, { default: 'drop' });
    const first = await reconcile(lab);
    expect(first.interfaces[0]).toMatchObject({ name: 'tun0', mode: 'generic', condition });
    send(tun, listeners);
    await expect.poll(async () => (await counts(lab, 'tun0'))['(default)']).toBeGreaterThanOrEqual(2);
    expect([...listeners.heard]).toEqual([]);

    write(lab, mode, toPort(7777));
    await reconcile(lab);
    send(tun, listeners);
    await expect.poll(() => [...listeners.heard].sort()).toEqual([4, 6]);
    expect((await counts(lab, 'tun0'))['open']).toBe(2);
    expect(await reconcile(lab)).toMatchObject({ changed: false });

    listeners.heard.clear();
    write(lab, mode, {
      ...toPort(7777),
      rules: [{ name: 'not-four', match: { source: TUN.peerAddress }, action: 'drop' }],
      default: 'pass',
    });
    await reconcile(lab);
    send(tun, listeners);
    await expect.poll(() => [...listeners.heard]).toEqual([6]);
  });

  it('nothing that Linux opens by itself gets around it', async () => {
    await using lab = await createLab();
    using tun = await openTun(lab.network);
    await using listeners = await listenAt(lab.network, TUN);
    const inner = listeners.frame(7, 4).subarray(14);
    const tagged = (...words: number[]) =>
      Buffer.concat([Buffer.from(Uint16Array.from(words).buffer).swap16(), inner]);
    const disguised = Buffer.concat([tagged(0x6000, IPV4), Buffer.alloc(20_000)]);
    const shapes = [
      tagged(0, IPV4),
      tagged(0x4000, IPV4),
      tagged(0, TAG, 0, IPV4),
      tagged(0x6000, TAG, 0, IPV4),
      disguised,
    ];
    for (const shape of shapes) {
      listeners.heard.clear();
      tun.send(shape, TAG);
      await expect.poll(() => [...listeners.heard]).toEqual([7]); // Linux opens it
    }
    listeners.heard.clear();
    // Whatever an IPv6 header says passes: a packet that is taken for one would.
    write(lab, mode, { rules: [{ name: 'six', match: { family: 6 }, action: 'pass' }], default: 'drop' });
    await reconcile(lab);
    for (const shape of shapes) tun.send(shape, TAG);
    await expect.poll(async () => (await counts(lab, 'tun0'))['(malformed)']).toBe(shapes.length);
    await steady(() => listeners.heard.size);
    expect([...listeners.heard]).toEqual([]);
  });
});

it('blocks, packet tests, explain and capture work there', async () => {
  await using lab = await createLab();
  using tun = await openTun(lab.network);
  await using listeners = await listenAt(lab.network, TUN);
  const test = { name: 'dns dies', packet: { protocol: 'udp', destinationPort: 53 }, expect: 'drop' };
  write(lab, 'generic', { ...toPort(7777), tests: [test] });
  await reconcile(lab);
  const explained = await lab.run([
    'explain',
    'tun0',
    'protocol: udp, destinationPort: 7777',
    '--output',
    'json',
  ]);
  expect(document(explained, 0)).toMatchObject({ running: { row: 'open', decidedBy: 'kernel' } });

  const capture = lab.start(['capture', 'tun0', 'protocol: udp', '--count', '1', '--output', 'json']);
  let said = '';
  capture.stderr.on('data', (text: Buffer) => (said += text.toString()));
  await expect.poll(() => said).toContain('listening on tun0');
  send(tun, listeners);
  const { stdout } = await capture;
  expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
    rule: 'open',
    packet: { protocol: 'udp', source: TUN.peerAddress, destinationPort: 7777 },
  });

  await lab.run(['block', '10.99.0.0/24', '--for', '1h', '--reason', 'test']);
  await lab.run(['block', 'fd99::/64', '--for', '1h', '--reason', 'test']);
  await expect.poll(() => listeners.heard.size).toBe(2);
  listeners.heard.clear();
  send(tun, listeners);
  await expect.poll(async () => (await counts(lab, 'tun0'))['(blocked)']).toBe(2);
  expect(listeners.heard.size).toBe(0);
});

/** A datagram of each family leaves, from port 40000 to port 53 of the other end. */
const ASK = `
const { createSocket } = require('node:dgram');
const [four, six] = process.argv.slice(1);
for (const [family, address] of [['udp4', four], ['udp6', six]]) {
  const socket = createSocket({ type: family, ipv6Only: family === 'udp6' });
  socket.bind(40000, () => socket.send('question', 53, address, () => socket.close()));
}
`;

it('what leaves there is recorded, and its answer comes in', async () => {
  await using lab = await createLab();
  using tun = await openTun(lab.network);
  const rules = [{ name: 'answers', match: { connection: 'established' }, action: 'pass' }];
  write(lab, 'generic', { default: 'drop', rules });
  await reconcile(lab);
  await lab.exec(process.execPath, '-e', ASK, TUN.peerAddress, TUN.peerAddress6);
  const answerFrom = (sourcePort: number) => {
    const frame = (source: string, destination: string) => {
      const ports = `sourcePort: ${sourcePort}, destinationPort: 40000`;
      const text = `protocol: udp, source: "${source}", destination: "${destination}", ${ports}`;
      return buildPacket(parsePacket(text)).subarray(14);
    };
    tun.send(frame(TUN.peerAddress, TUN.address), IPV4);
    tun.send(frame(TUN.peerAddress6, TUN.address6), IPV6);
  };
  answerFrom(53); // at once: a question is forgotten after 30 s
  answerFrom(54);
  await expect.poll(async () => await counts(lab, 'tun0')).toMatchObject({ answers: 2, '(default)': 2 });
});

it('what cannot be true there is refused or said: in plan, doctor and validate', async () => {
  await using lab = await createLab();
  using _tun = await openTun(lab.network);
  write(lab, 'generic', { rules: [{ name: 'back', match: { protocol: 'udp' }, action: 'tx' }] });
  const refused = await reconcile(lab, 14);
  expect(refused.interfaces[0]).toMatchObject({ name: 'tun0', condition: 'Refused' });
  expect(refused.interfaces[0]?.reason).toBe(
    'tun0 has no Ethernet header, and rule back of policy edge sends frames on',
  );
  expect((await lab.netShow()).xdp).toEqual([]);
  const doctor = document<Doctor>(await lab.run(['doctor', '--output', 'json']), 78);
  expect(doctor.checks.find(({ name }) => name === 'tun0')).toMatchObject({ status: 'failure' });
  const validated = await lab.run(['validate']);
  expect(validated).toMatchObject({ exitCode: 0 });
  expect(validated.stdout).toMatch(/^warning: no Ethernet header\n --> hosts\/lab\.yaml:5:35\n/);

  write(lab, 'generic', {
    rules: [{ name: 'mac', match: { sourceMac: '02:00:00:00:00:01', vlan: 7 }, action: 'drop' }],
  });
  expect((await reconcile(lab)).warnings).toEqual([
    'rule mac of policy edge asks for sourceMac and vlan, which no packet of tun0 has',
  ]);

  lab.writeState({ 'hosts/lab.yaml': hostFile({ tun0: `mode: generic, program: ${ICMP_DROP}` }) });
  expect((await reconcile(lab)).warnings).toEqual([
    expect.stringMatching(/^tun0 has no Ethernet header: .*the program icmp-drop must know that/),
  ]);
  const told = document<Doctor>(await lab.run(['doctor', '--output', 'json']), 0);
  expect(told.checks.find(({ name }) => name === 'tun0')).toMatchObject({ status: 'warning' });
  expect((await lab.run(['validate'])).stdout).toContain('the program icmp-drop must know that');
});
