// The datapath and the reference agree on every packet: verdict and rule, over random policies and random packets,
// whole and broken. A disagreement prints the seed, the policy and the frame.
import { describe, expect, it } from 'vitest';
import type { ConnectionState, Policy, Protection } from '../../src/model/policy.js';
import { evaluate } from '../../src/policy/evaluate.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import { Datapath } from './datapath.js';
import { randomLayers, stacked } from './random-layers.js';
import { broken, Random, randomPacket, randomPolicy, randomProtection } from './random.js';

const SEED = Number(process.env['XDPKEEP_SEED'] ?? 20260801);
/** Rules in a policy -> policies; both sides of a word's edge, and the largest there is. */
const POLICIES = [0, 1, 2, 5, 20, 60, 64, 65].map((rules) => ({ rules, policies: 13 }));
POLICIES.push({ rules: 130, policies: 4 }, { rules: 400, policies: 3 }, { rules: 1024, policies: 2 });
const PACKETS = 1000;

function disagreement(
  policy: Policy,
  protections: Protection[],
  frame: Uint8Array,
  path: Datapath,
  connection: ConnectionState | undefined,
): string | undefined {
  const now = Date.now();
  const supposed = connection && { connection };
  const expected = evaluate(policy, protections, frame, { now, ...supposed });
  const got = path.ask(frame, { ...supposed });
  if (got.verdict === expected.verdict && got.row === expected.row) return undefined;
  return JSON.stringify(
    {
      got,
      expected,
      connection,
      frame: Buffer.from(frame).toString('hex'),
      policy: { ...policy, rules: policy.rules.slice(0, 20) },
    },
    null,
  );
}

describe('the kernel decides as the reference does', () => {
  it.each(POLICIES)('policies of $rules rules', ({ rules: size, policies }) => {
    const random = new Random(SEED + size);
    let asked = 0;
    for (let round = 0; round < policies; round++) {
      const policy =
        round % 3 === 2 && size < 1000
          ? stacked(randomLayers(random, size, Date.now()))
          : randomPolicy(random, size, Date.now());
      const protections: Protection[] = random.chance(40)
        ? random.some(3, () => ({ match: randomProtection(random), at: policy.at }))
        : [];
      using path = new Datapath(policy, protections, undefined, round % 2 === 1);
      for (let count = 0; count < PACKETS; count++) {
        const packet = randomPacket(random);
        const whole = buildPacket(packet);
        const frame = random.chance(40) ? broken(random, whole) : whole;
        const found = disagreement(
          policy,
          protections,
          frame,
          path,
          random.chance(50) ? packet.connection : undefined, // what no table knows, else
        );
        if (found !== undefined) expect.fail(`seed ${SEED}, size ${size}, round ${round}: ${found}`);
        asked++;
      }
    }
    expect(asked).toBe(policies * PACKETS);
  });
});
