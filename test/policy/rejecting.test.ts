// Rules that reject: what the kernel sends back is what the reference says, byte by byte, over random packets, whole and broken.
// needs: lab
import { expect, it } from 'vitest';
import { testRun, VERDICT } from '../../src/kernel/testrun.js';
import { type PacketDescription, type RejectCode, REJECT_CODES } from '../../src/model/policy.js';
import { evaluate } from '../../src/policy/evaluate.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import { answerTo } from '../support/answer.js';
import { Datapath } from './datapath.js';
import { policy, rule } from './policy.js';
import { broken, Random, randomPacket } from './random.js';

const SEED = Number(process.env['XDPKEEP_SEED'] ?? 20261201);
const CODES = Object.keys(REJECT_CODES) as RejectCode[];
/** Below the burst. */
const PACKETS = 900;

const rejecting = (icmp: RejectCode, rest = {}) =>
  policy([rule('no', {}, 'drop', { action: { kind: 'reject', icmp } })], {
    malformed: 'drop',
    nonIp: 'match',
    neighborDiscovery: 'match',
    ...rest,
  });

it.each(CODES.flatMap((code) => [0, 1, 2, 3].map((round) => [code, round] as const)))(
  'random packets: %s %i',
  (code, round) => {
    const random = new Random(SEED + round + 10 * CODES.indexOf(code));
    using path = new Datapath(rejecting(code), [], undefined, round % 2 === 1);
    let [answered, bytes] = [0, 0];
    for (let count = 0; count < PACKETS; count++) {
      const whole = buildPacket(randomPacket(random));
      const frame = random.chance(30) ? broken(random, whole) : whole;
      if (frame.length > 1500) continue;
      const hex = Buffer.from(frame).toString('hex');
      const { row, verdict } = evaluate(rejecting(code), [], frame);
      expect(path.ask(frame), hex).toEqual({ row, verdict });
      const expected = row === 'no' ? answerTo(frame, code) : undefined;
      const run = testRun(path.program, { data: frame });
      expect(run.verdict, `${row} ${hex}`).toBe(expected ? VERDICT.tx : VERDICT.drop);
      if (!expected) continue;
      expect(Buffer.from(run.data).toString('hex'), hex).toBe(Buffer.from(expected).toString('hex'));
      answered++;
      bytes += expected.length;
    }
    expect(answered).toBeGreaterThan(100);
    expect(path.counted('(answered)')).toEqual({ packets: answered, bytes });
  },
);

const net = (text: string) => {
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number);
  return {
    family: 4 as const,
    a: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0,
    b: 0,
    c: 0,
    d: 0,
    length: 32,
  };
};
const six = (a: number, b = 0, c = 0, d = 1) => ({ family: 6 as const, a, b, c, d, length: 128 });

const SILENT: [name: string, packet: PacketDescription][] = [
  ['a reset', { tcpFlags: 4 }],
  ['a reset with ACK', { tcpFlags: 20 }],
  ['a first fragment of TCP', { fragment: 'first' }],
  ['a later fragment', { fragment: 'later', protocol: 17 }],
  ['a frame to a group', { destinationMac: 0x01005e000001 }],
  ['a broadcast frame', { destinationMac: 0xffffffffffff }],
  ['a frame from a group', { sourceMac: 0x010000000001 }],
  ['to multicast', { destination: net('239.1.2.3'), protocol: 17 }],
  ['to broadcast', { destination: net('255.255.255.255'), protocol: 17 }],
  ['from broadcast', { source: net('255.255.255.255') }],
  ['from multicast', { source: net('224.0.0.1') }],
  ['from loopback', { source: net('127.0.0.1') }],
  ['from nobody', { source: net('0.0.0.0') }],
  ['from its own destination', { source: net('192.0.2.7'), destination: net('192.0.2.7') }],
  ['IPv6 to multicast', { destination: six(0xff020000), protocol: 17 }],
  ['IPv6 from multicast', { source: six(0xff020000) }],
  ['IPv6 from loopback', { source: six(0) }],
  ['IPv6 from nobody', { source: six(0, 0, 0, 0) }],
  ['IPv6 from IPv4', { source: six(0, 0, 0xffff, 0xc0000201) }],
  ...[3, 4, 5, 11, 12].map((icmpType): [string, PacketDescription] => [
    `ICMP error ${icmpType}`,
    { protocol: 1, icmpType },
  ]),
  ...[1, 2, 3, 4, 127, 133, 137].map((icmpType): [string, PacketDescription] => [
    `ICMPv6 ${icmpType}`,
    { family: 6, protocol: 58, icmpType },
  ]),
];

it.each(SILENT)('is never sent in answer to %s', (_name, packet) => {
  using path = new Datapath(rejecting('port-unreachable'));
  const frame = buildPacket(packet);
  expect(answerTo(frame, 'port-unreachable')).toBeUndefined();
  expect(path.run(frame)).toBe('drop');
  expect(path.counted('no').packets).toBe(1);
  expect(path.counted('(answered)').packets).toBe(0);
});

it('answers are never answered', () => {
  using path = new Datapath(rejecting('admin-prohibited'));
  for (const packet of [{}, { protocol: 17 }, { family: 6 as const }, { family: 6 as const, protocol: 17 }]) {
    const { data, verdict } = testRun(path.program, { data: buildPacket(packet) });
    expect(verdict).toBe(VERDICT.tx);
    expect(path.ask(data)).toEqual({ row: 'no', verdict: 'reject' });
    expect(path.run(data)).toBe('drop');
  }
});

it('a flood gets as many answers as the rate allows, and all of it is counted', () => {
  using path = new Datapath(rejecting('port-unreachable'));
  const frame = buildPacket({ protocol: 17 });
  let answered = 0;
  const start = performance.now();
  for (let packet = 0; packet < 5000; packet++) if (path.run(frame) === 'tx') answered++;
  const seconds = (performance.now() - start) / 1000;
  expect(answered).toBeGreaterThanOrEqual(1000);
  expect(answered).toBeLessThanOrEqual(1000 + Math.ceil((seconds + 0.1) * 1000));
  expect(path.counted('no').packets).toBe(5000);
  expect(path.counted('(answered)').packets).toBe(answered);
});

it('audit sends nothing', () => {
  using path = new Datapath(rejecting('port-unreachable', { mode: 'audit' }));
  const frame = buildPacket({});
  const { data, verdict } = testRun(path.program, { data: frame });
  expect(verdict).toBe(VERDICT.pass);
  expect(Buffer.from(data)).toEqual(Buffer.from(frame));
  expect(path.counted('no').packets).toBe(1);
  expect(path.counted('(answered)').packets).toBe(0);
});
