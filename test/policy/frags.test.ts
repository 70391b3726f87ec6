// Frames in several buffers: a program that takes those decides as the reference does about frames of any length, whole and
// broken, and counts all of their bytes. The kernel lays a test frame of more than a page out in several buffers by itself.
import { describe, expect, it } from 'vitest';
import { testRun } from '../../src/kernel/testrun.js';
import { PROTOCOLS } from '../../src/model/names.js';
import { evaluate } from '../../src/policy/evaluate.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import { Datapath } from './datapath.js';
import { AT, policy, rule } from './policy.js';
import { broken, Random, randomProtection, randomPacket, randomPolicy } from './random.js';

const SEED = Number(process.env['XDPKEEP_SEED'] ?? 20261130);
/** Bytes of the IP packet: about where a page ends, and the most that there are. */
const LENGTHS = [3050, 3500, 3700, 4000, 4096, 4200, 8986, 9000, 20_000, 65_535];

/** With a length field that says 0. */
function withoutLength(frame: Uint8Array, family: 4 | 6): Uint8Array {
  new DataView(frame.buffer, frame.byteOffset).setUint16(family === 4 ? 16 : 18, 0);
  return frame;
}

/** A frame about as long as a length field can say or longer, which says 0, or something else. */
function merged(random: Random): Uint8Array {
  const packet = { ...randomPacket(random), vlan: [] };
  const length = random.pick([60, 65_535, 65_536, 65_575, 65_576, 66_000, 70_000]);
  const family = packet.family ?? 4;
  const whole = buildPacket({ ...packet, length });
  const frame = random.chance(80) ? withoutLength(whole, family) : whole;
  return random.chance(20) ? broken(random, frame) : frame;
}

describe('a program that takes frames in several buffers', () => {
  it.each([0, 1, 20, 65])('decides as the reference does, with %i rules', (rules) => {
    const random = new Random(SEED + rules);
    for (let round = 0; round < 10; round++) {
      const wanted = randomPolicy(random, rules, Date.now());
      const protections = random.chance(40)
        ? random.some(2, () => ({ match: randomProtection(random), at: AT }))
        : [];
      using path = new Datapath(wanted, protections, undefined, true);
      for (let packet = 0; packet < 100; packet++) {
        const length = LENGTHS[packet % LENGTHS.length] ?? 0;
        const whole = buildPacket({ ...randomPacket(random), length });
        const frame = random.chance(40) ? broken(random, whole) : whole;
        const { verdict, row } = evaluate(wanted, protections, frame, { now: Date.now() });
        expect(path.ask(frame), `seed ${SEED}, round ${round}, ${frame.length} bytes`).toEqual({
          verdict,
          row,
        });
      }
    }
  });

  it('sees the length of the whole frame, and that bytes of it are missing', () => {
    const wanted = policy([rule('long', { length: [{ from: 9000, to: 65_535 }] }, 'drop')]);
    using path = new Datapath(wanted, [], undefined, true);
    const frame = buildPacket({ protocol: PROTOCOLS.udp, length: 9000 });
    expect(path.ask(frame)).toEqual({ verdict: 'drop', row: 'long' });
    expect(path.ask(buildPacket({ protocol: PROTOCOLS.udp, length: 8999 }))).toEqual({
      verdict: 'pass',
      row: '(default)',
    });
    expect(path.ask(frame.subarray(0, frame.length - 1))).toEqual({ verdict: 'drop', row: '(malformed)' });
    expect(testRun(path.program, { data: frame }).data.length).toBe(frame.length);
  });

  it.each([0, 1, 20])(
    'decides as the reference does about merged streams (BIG TCP), with %i rules',
    (rules) => {
      const random = new Random(SEED + rules);
      for (let round = 0; round < 10; round++) {
        const wanted = randomPolicy(random, rules, Date.now());
        using path = new Datapath(wanted, [], undefined, true);
        for (let packet = 0; packet < 100; packet++) {
          const frame = merged(random);
          const { verdict, row } = evaluate(wanted, [], frame, { now: Date.now() });
          expect(path.ask(frame), `seed ${SEED}, round ${round}, ${frame.length} bytes`).toEqual({
            verdict,
            row,
          });
        }
      }
    },
  );

  it('takes a length of 0 for that of the frame only where no length field could say it', () => {
    const ssh = rule(
      'ssh',
      { protocol: [{ from: 6, to: 6 }], destinationPort: [{ from: 22, to: 22 }] },
      'drop',
    );
    using path = new Datapath(policy([ssh]), [], undefined, true);
    const ask = (family: 4 | 6, length: number, protocol: number = PROTOCOLS.tcp) =>
      path.ask(withoutLength(buildPacket({ family, protocol, destinationPort: 22, length }), family)).row;
    expect([60, 9000, 65_535].map((length) => ask(4, length))).toEqual(Array(3).fill('(malformed)'));
    expect([60, 9000, 65_575].map((length) => ask(6, length))).toEqual(Array(3).fill('(malformed)'));
    expect([ask(4, 65_536), ask(4, 70_000), ask(6, 65_576), ask(6, 70_000)]).toEqual(Array(4).fill('ssh'));
    expect(ask(4, 70_000, PROTOCOLS.udp)).toBe('(malformed)');
  });
});
