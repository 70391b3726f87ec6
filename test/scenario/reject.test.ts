// `action: reject` on a host: real clients hear at once that they are not let in, over TCP and UDP, IPv4 and IPv6, natively and in generic
// mode, behind VLAN tags; what was answered is counted and shown, and audit sends nothing.
// needs: lab
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Explanation } from '../../src/model/explain.js';
import { createLab, type Lab } from '../lab.js';
import { type Capture, ip, macOf } from '../lab/traffic.js';
import { document, hostFile, reconcile, status } from '../support/host.js';
import { counts, policyFile, type Written, writePolicy } from '../support/policies.js';

const udp = (name: string, destinationPort: number, icmp: string) => ({
  name,
  match: { protocol: 'udp', destinationPort },
  action: { reject: { icmp } },
});
const POLICY = {
  rules: [
    { name: 'ident', match: { protocol: 'tcp', destinationPort: 113 }, action: 'reject' },
    { name: 'plain', match: { protocol: 'udp', destinationPort: 1000 }, action: 'reject' },
    udp('host', 1001, 'host-unreachable'),
    udp('admin', 1002, 'admin-prohibited'),
    udp('route', 1003, 'no-route'),
  ],
  tests: [
    { name: 'ident', packet: { destinationPort: 113 }, expect: 'reject', rule: 'ident' },
    { name: 'web', packet: { destinationPort: 80 }, expect: 'pass' },
  ],
};

const TCP = `const socket = require('node:net').connect({ host: process.argv[1], port: Number(process.argv[2]) });
socket.setTimeout(5000, () => { console.log('silence'); process.exit(); });
socket.on('error', (error) => { console.log(error.code); process.exit(); });
socket.on('connect', () => { console.log('connected'); process.exit(); });`;
const UDP = `const host = process.argv[1];
const socket = require('node:dgram').createSocket(host.includes(':') ? 'udp6' : 'udp4');
setTimeout(() => { console.log('silence'); process.exit(); }, 5000);
socket.on('error', (error) => { console.log(error.code); process.exit(); });
socket.connect(Number(process.argv[2]), host, () => socket.send('hello'));`;

async function ask(lab: Lab, script: string, address: string, port: number): Promise<string> {
  return (await lab.execOutside(process.execPath, '-e', script, address, String(port))).trim();
}

/** ICMP that the kernel outside took for "unreachable", that it could not read, and with a wrong checksum. */
async function errors(lab: Lab): Promise<{ four: number[]; six: number[] }> {
  const [names = '', values = ''] = (await lab.execOutside('cat', '/proc/self/net/snmp'))
    .split('\n')
    .filter((line) => line.startsWith('Icmp: '));
  const four = (name: string) => Number(values.split(' ')[names.split(' ').indexOf(name)]);
  const text = await lab.execOutside('cat', '/proc/self/net/snmp6');
  const six = (name: string) => Number(new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(text)?.[1]);
  return {
    four: ['InDestUnreachs', 'InErrors', 'InCsumErrors'].map(four),
    six: ['Icmp6InDestUnreachs', 'Icmp6InErrors', 'Icmp6InCsumErrors'].map(six),
  };
}

/**
 * What is sent back natively arrives where the other end of a veth pair has an XDP program of its own: that of the capture. GRO, which
 * is enough for a redirect, is not: veth_xdp_flush() in drivers/net/veth.c.
 */
async function run(lab: Lab, mode: string, policy: Written = POLICY): Promise<Capture | undefined> {
  lab.writeState({
    'hosts/lab.yaml': hostFile({ veth0: `mode: ${mode}, policy: edge` }),
    'policies/edge.yaml': policyFile('edge', policy),
  });
  await reconcile(lab);
  return mode === 'native' ? lab.captureOutside() : undefined;
}

it.each(['native', 'generic'])('clients hear of it: %s', async (mode) => {
  await using lab = await createLab();
  await using _lock = await run(lab, mode);
  const { address, address6 } = lab.pair('veth0');
  for (const to of [address, address6]) {
    expect(await ask(lab, TCP, to, 113), to).toBe('ECONNREFUSED');
    expect(await ask(lab, UDP, to, 1000), to).toBe('ECONNREFUSED');
  }
  // As Linux reads the codes (net/ipv4/icmp.c, net/ipv6/icmp.c). Of the other two it tells nobody who did not ask for all errors.
  expect(await ask(lab, UDP, address, 1002)).toBe('EHOSTUNREACH');
  expect(await ask(lab, UDP, address6, 1002)).toBe('EACCES');
  for (const to of [address, address6])
    for (const port of [1001, 1003]) await lab.execOutside('bash', '-c', `echo > /dev/udp/${to}/${port}`);
  await expect.poll(() => errors(lab)).toEqual({ four: [4, 0, 0], six: [4, 0, 0] });
  expect((await lab.run(['counters', 'veth0'])).stdout).toContain('(answered)');
  const counted = await counts(lab);
  expect(counted).toMatchObject({ ident: 2, plain: 2, host: 2, admin: 2, route: 2, '(answered)': 10 });
});

it.each(['native', 'generic'])('what came with tags is answered with them: %s', async (mode) => {
  await using lab = await createLab();
  await run(lab, mode, POLICY).then((capture) => capture?.[Symbol.asyncDispose]());
  await using answers = await lab.captureOutside();
  const packet = { source: ip('198.51.100.9'), destination: ip('203.0.113.1'), vlan: [5, 6] };
  const destinationMac = await macOf(lab.network.firewall, 'veth0');
  await lab.send({ ...packet, destinationMac, destinationPort: 113 });
  await lab.send({ ...packet, destinationMac, protocol: 17, destinationPort: 1000 });
  // The socket of the capture sees a frame without its outer tag.
  const fromThere = () =>
    answers.packets
      .filter(({ source }) => Buffer.from(source ?? []).equals(Buffer.from([203, 0, 113, 1])))
      .map(({ protocol, vlan, sourceMac }) => [protocol, vlan, sourceMac]);
  await expect.poll(fromThere).toEqual([
    [6, 6, destinationMac],
    [1, 6, destinationMac],
  ]);
  expect(await counts(lab)).toMatchObject({ ident: 1, plain: 1, '(answered)': 2 });
});

it('is counted as dropped, and told as reject', async () => {
  await using lab = await createLab();
  await run(lab, 'generic');
  const { address } = lab.pair('veth0');
  const before = (await status(lab)).interfaces[0]?.packets ?? { dropped: 0 };
  const captured = lab.start(['capture', 'veth0', '--verdict', 'reject', '--count', '1', '--output', 'json']);
  let said = '';
  captured.stderr.on('data', (text: Buffer) => (said += text.toString()));
  await expect.poll(() => said).toContain('veth0\n');
  expect(await ask(lab, TCP, address, 113)).toBe('ECONNREFUSED');
  const lines = (await captured).stdout.trim().split('\n');
  const record = JSON.parse(lines[1] ?? '') as Record<string, unknown>;
  expect(record).toMatchObject({ rule: 'ident', verdict: 'reject', packet: { destinationPort: 113 } });
  expect(record).not.toHaveProperty('fate');
  expect((await status(lab)).interfaces[0]?.packets?.dropped).toBe(before.dropped + 1);
  const packet = 'protocol: udp, destinationPort: 1002';
  const { running }: Explanation = document(
    await lab.run(['explain', 'veth0', packet, '--output', 'json']),
    0,
  );
  expect(running).toMatchObject({ row: 'admin', verdict: 'reject', action: 'reject with admin-prohibited' });
  const file = join(lab.directory, 'xdpkeep.prom');
  await reconcile(lab, 0, '--metrics-file', file);
  const metrics = readFileSync(file, 'utf8');
  expect(metrics).toContain('rule="ident",action="reject with port-unreachable"} 1');
  expect(metrics).toContain('rule="(answered)",action="count"} 1');
});

it('audit sends nothing', async () => {
  await using lab = await createLab();
  await run(lab, 'generic', { ...POLICY, mode: 'audit' });
  const { address } = lab.pair('veth0');
  expect(await ask(lab, UDP, address, 1002)).toBe('ECONNREFUSED'); // by the host itself: nobody listens
  expect(await counts(lab)).toMatchObject({ admin: 1, '(answered)': 0 });
});

it('a flow that must live is locked out by it as by a drop', async () => {
  await using lab = await createLab();
  await using conversation = await lab.converse('veth0', 22);
  await run(lab, 'generic', { rules: [] });
  const closed = { name: 'no-ssh', match: { protocol: 'tcp', destinationPort: 22 }, action: 'reject' };
  writePolicy(lab, { rules: [closed] });
  const env = { SSH_CONNECTION: '10.77.0.2 50123 10.77.0.1 22' };
  const refused = await lab.run(['reconcile'], { env });
  expect(refused.exitCode).toBe(14);
  expect(refused.stdout + refused.stderr).toMatch(/this would lock out.* rejected by no-ssh/);
  expect(await conversation.say('alive')).toBe('alive');
});
