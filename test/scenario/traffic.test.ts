// What becomes of packets that are not simply passed or dropped: sent back, sent on, limited, timed, only counted.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Cidr } from '../../src/addresses/cidr.js';
import { formatCidr } from '../../src/addresses/format.js';
import { createLab, type Lab } from '../lab.js';
import { scaled, steady } from '../lab/pace.js';
import { type Capture, ip, macOf } from '../lab/traffic.js';
import { reconcile } from '../support/host.js';
import { counts, writePolicy, type Written } from '../support/policies.js';

async function use(lab: Lab, policy: Written): Promise<void> {
  writePolicy(lab, policy);
  await reconcile(lab);
}

const toPort = (port: number, { packets }: Capture) =>
  packets.filter(({ destinationPort }) => destinationPort === port);

it.each(['native', 'generic'])('tx comes back to the sender, addresses swapped (%s)', async (mode) => {
  await using lab = await createLab();
  const rules = [{ name: 'back', match: { protocol: 'udp', destinationPort: 7 }, action: 'tx' }];
  await use(lab, { rules });
  if (mode === 'generic') {
    lab.writeState({
      'hosts/lab.yaml':
        'apiVersion: xdpkeep/v1\nkind: Host\nname: lab\ninterfaces: {veth0: {mode: generic, policy: edge}}\n',
    });
    await reconcile(lab);
  }
  await using sender = await lab.captureOutside();
  await using host = await lab.capture();
  const destinationMac = await macOf(lab.network.firewall, 'veth0');
  const sourceMac = await macOf(lab.network.outside, 'peer0');
  await lab.send({ protocol: 17, destinationPort: 7, sourceMac, destinationMac }, 10);
  await expect.poll(() => toPort(7, sender).length).toBe(10);
  for (const packet of toPort(7, sender)) {
    expect(packet).toMatchObject({ sourceMac: destinationMac, destinationMac: sourceMac });
  }
  expect(toPort(7, host)).toEqual([]);
  expect(await counts(lab)).toMatchObject({ back: 10 });
});

it('redirect arrives at the other interface as it came, IPv4 and IPv6', async () => {
  await using lab = await createLab({ pairs: 2 });
  const action = { redirect: { interface: 'veth1' } };
  await use(lab, { rules: [{ name: 'on', match: { protocol: 'udp', destinationPort: 7 }, action }] });
  await using other = await lab.captureOutside('veth1');
  await using host = await lab.capture();
  const packet = { protocol: 17, destinationPort: 7, ttl: 9 };
  await lab.send({ ...packet, source: ip('192.0.2.77') }, 10);
  await lab.send({ ...packet, source: ip('2001:db8::77') }, 10);
  await lab.send({ protocol: 17, destinationPort: 8 }, 3);
  await expect.poll(() => [toPort(7, other).length, toPort(8, host).length]).toEqual([20, 3]);
  const destinationMac = await macOf(lab.network.firewall, 'veth0');
  for (const arrived of toPort(7, other)) expect(arrived).toMatchObject({ ttl: 9, destinationMac });
  expect(toPort(7, other).map(({ family }) => family)).toEqual([
    ...Array<number>(10).fill(4),
    ...Array<number>(10).fill(6),
  ]);
  expect([toPort(7, host).length, toPort(8, other).length]).toEqual([0, 0]);
  expect(await counts(lab)).toMatchObject({ on: 20 });
});

it('redirect to a CPU goes on there', async () => {
  await using lab = await createLab();
  const action = { redirect: { cpu: 1 } };
  await use(lab, { rules: [{ name: 'ping', match: { protocol: 'icmp' }, action }] });
  expect(await lab.ping(10)).toEqual({ sent: 10, received: 10 });
  expect(await counts(lab)).toMatchObject({ ping: 10 });
});

/** A burst that outlasts any pause of the sender, two seconds of it: then what passes is the burst and the rate, exactly. */
const LIMIT = { packetsPerSecond: 1000, burst: 2000 };
const WITHIN = 0.05;
/** As long as it takes to send many times what may pass. */
const flooding = () => ({ frames: 1e9, seconds: scaled(2), atOnce: 1024 });

function expectRate(passed: number, seconds: number, who = 'all'): void {
  const says = LIMIT.burst + LIMIT.packetsPerSecond * seconds;
  expect(Math.abs(passed / says - 1), `${passed} of ${who} passed, ${says} may`).toBeLessThan(WITHIN);
}

it('a limit of a rule lets through what it says of a flood', async () => {
  await using lab = await createLab();
  const limit = { name: 'limit', match: { protocol: 'icmp' }, rateLimit: LIMIT, action: 'drop' };
  await use(lab, { rules: [limit] });
  const before = await lab.icmpReceived();
  await using flood = await lab.flood(flooding());
  const [seconds = NaN] = await flood.spans();
  const passed = (await steady(() => lab.icmpReceived())) - before;
  expectRate(passed, seconds);
  const { limit: dropped = 0 } = await counts(lab);
  expect(dropped).toBeGreaterThan(passed);
  expect(dropped + passed).toBeLessThanOrEqual(await flood.done());
});

it('a limit per source does so for each, IPv4 and IPv6, and one source takes nothing from another', async () => {
  await using lab = await createLab();
  const match = { protocol: 'udp', destinationPort: 7 };
  const rateLimit = { ...LIMIT, per: 'source' };
  await use(lab, { rules: [{ name: 'limit', match, rateLimit, action: 'drop' }] });
  const sources = ['198.51.100.1', '198.51.100.2', '2001:db8::1', '2001:db8:0:1::1'].map(ip);
  await using host = await lab.capture();
  const packets = sources.map((source) => ({ protocol: 17, destinationPort: 7, source }));
  await using flood = await lab.flood({ ...flooding(), packets });
  const spans = await flood.spans();
  const modest = { protocol: 17, destinationPort: 7, source: ip('192.0.2.5') };
  await lab.send(modest, 5);
  const passed = (address: Cidr) =>
    toPort(7, host).filter(({ source }) => source?.join() === bytesOf(address)).length;
  await expect.poll(() => passed(modest.source)).toBe(5);
  for (const [index, source] of sources.entries()) {
    expectRate(passed(source), spans[index] ?? NaN, formatCidr(source));
  }
});

function bytesOf({ family, a, b, c, d }: Cidr): string {
  const words = family === 4 ? [a] : [a, b, c, d];
  return words.flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]).join();
}

it('until ends by itself, with no process running', async () => {
  await using lab = await createLab();
  const until = Date.now() + 1000 * scaled(10);
  const rule = { name: 'for-now', match: { protocol: 'icmp' }, action: 'drop' };
  await use(lab, { rules: [{ ...rule, until: new Date(until).toISOString() }] });
  expect(await lab.ping(2)).toEqual({ sent: 2, received: 0 });
  expect(Date.now(), 'the machine was too slow to look before the deadline').toBeLessThan(until);
  await sleep(until - Date.now());
  expect(await lab.ping(2)).toEqual({ sent: 2, received: 2 });
  expect(await counts(lab)).toMatchObject({ 'for-now': 2 });
});

it('audit drops nothing and counts what it would', async () => {
  await using lab = await createLab();
  await use(lab, {
    mode: 'audit',
    default: 'drop',
    rules: [
      { name: 'ping', match: { protocol: 'icmp' }, action: 'drop' },
      { name: 'back', match: { protocol: 'udp', destinationPort: 7 }, action: 'tx' },
    ],
  });
  await using host = await lab.capture();
  expect(await lab.ping(4)).toEqual({ sent: 4, received: 4 });
  await lab.send({ protocol: 17, destinationPort: 7 }, 6);
  await expect.poll(() => toPort(7, host).length).toBe(6);
  expect(await lab.connect(81)).toBe('refused');
  const { ping, back, '(default)': rest = 0 } = await counts(lab);
  expect([ping, back, rest > 0]).toEqual([4, 6, true]);
});
