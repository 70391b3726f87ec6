// Frames in several buffers: a program that takes those decides as the reference does about frames of any length, whole and
// broken, and counts all of their bytes. The kernel lays a test frame of more than a page out in several buffers by itself.
import { describe, expect, it } from 'vitest';
import { testRun } from '../../src/kernel/testrun.js';
import { PROTOCOLS } from '../../src/model/names.js';
import { evaluate } from '../../src/policy/evaluate.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import { Datapath } from './datapath.js';
import { AT, policy, rule } from './policy.js';
import { broken, Random, randomMatch, randomPacket, randomPolicy } from './random.js';

const SEED = Number(process.env['XDPKEEP_SEED'] ?? 20261130);
/** Bytes of the IP packet: about where a page ends, and the most that there are. */
const LENGTHS = [3050, 3500, 3700, 4000, 4096, 4200, 8986, 9000, 20_000, 65_535];

describe('a program that takes frames in several buffers', () => {
  it.each([0, 1, 20, 65])('decides as the reference does, with %i rules', (rules) => {
    const random = new Random(SEED + rules);
    for (let round = 0; round < 10; round++) {
      const wanted = randomPolicy(random, rules, Date.now());
      const protections = random.chance(40)
        ? random.some(2, () => ({ match: randomMatch(random), at: AT }))
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
});
