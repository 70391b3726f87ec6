// Rules that count: in the kernel, over random policies and packets, every row has counted what the reference says, the rows that
// decide and those that only count.
// needs: lab
import { expect, it } from 'vitest';
import type { Policy, Protection, Rule } from '../../src/model/policy.js';
import { evaluate } from '../../src/policy/evaluate.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import { doneWith } from '../support/answer.js';
import { Datapath } from './datapath.js';
import { policy, rule } from './policy.js';
import { randomLayers, stacked } from './random-layers.js';
import { broken, Random, randomPacket, randomPolicy, randomProtection } from './random.js';

const SEED = Number(process.env['XDPKEEP_SEED'] ?? 20261201);
/** Rules in a policy -> policies; a vector has 64 in a word. */
const POLICIES = [1, 5, 30, 64, 65, 200, 1024].map((rules) => ({
  rules,
  policies: rules > 100 ? 4 : rules > 1 ? 12 : 48, // one rule alone counts in few policies
}));
const PACKETS = 400;

/** A third of its rules count, some of them everything. Rates would make it matter when a packet comes. */
function countingPolicy(random: Random, rules: number): Policy {
  let counting = 0;
  const made = randomPolicy(random, rules, Date.now());
  return {
    ...made,
    rules: made.rules.map((rule) => {
      const one: Rule = { ...rule };
      delete one.rateLimit;
      if (!random.chance(34) || ++counting > 128)
        return one.action.kind === 'count' ? { ...one, action: { kind: 'drop' } } : one;
      return { ...one, action: { kind: 'count' }, match: random.chance(20) ? {} : one.match };
    }),
  };
}

/** Rules that leave their layer count as well. Half of them ask about no deadline and count nothing else: those are searched without a loop. */
function layered(random: Random, rules: number): Policy {
  const [plain, all] = [random.chance(50), stacked(randomLayers(random, Math.min(rules, 1000), Date.now()))];
  const bare = all.rules.map((rule): Rule => {
    const one: Rule = { ...rule };
    delete one.rateLimit;
    if (!plain) return one;
    delete one.until;
    return one.action.kind === 'count' ? { ...one, action: { kind: 'drop' } } : one;
  });
  return { ...all, rules: bare };
}

it.each(POLICIES)('policies of $rules rules', ({ rules, policies }) => {
  const random = new Random(SEED + rules);
  let counted = 0;
  for (let round = 0; round < policies; round++) {
    const under = round % 2 === 0 ? countingPolicy(random, rules) : layered(random, rules);
    const protections: Protection[] = random.chance(40)
      ? random.some(3, () => ({ match: randomProtection(random), at: under.at }))
      : [];
    using path = new Datapath(under, protections);
    const expected = new Map<string, number>();
    for (let count = 0; count < PACKETS; count++) {
      const whole = buildPacket(randomPacket(random));
      const frame = random.chance(20) ? broken(random, whole) : whole;
      if (frame.length > 1500) continue;
      const decision = evaluate(under, protections, frame, { now: Date.now() });
      for (const row of [decision.row, ...(decision.counted ?? [])])
        expected.set(row, (expected.get(row) ?? 0) + 1);
      counted += decision.counted?.length ?? 0;
      path.ask(frame); // a question counts nothing
      expect(path.run(frame)).toBe(doneWith(decision, frame));
    }
    for (const row of [...under.rules.map(({ name }) => name), '(default)', '(protect)', '(malformed)'])
      expect(`${row} ${path.counted(row).packets}`, `seed ${SEED}, round ${round}`).toBe(
        `${row} ${expected.get(row) ?? 0}`,
      );
  }
  expect(counted).toBeGreaterThan(50);
});

it('as many rules as may count all count one packet, bytes as well', () => {
  const rules = Array.from({ length: 128 }, (_, at) => ({
    ...rule(`count-${at}`, {}, 'pass'),
    action: { kind: 'count' } as const,
  }));
  using path = new Datapath(policy([...rules, rule('last', {}, 'drop')]));
  const frame = buildPacket({ length: 100 });
  expect(path.run(frame, 3)).toBe('drop');
  for (const { name } of [...rules, { name: 'last' }])
    expect(path.counted(name)).toEqual({ packets: 3, bytes: 3 * frame.length });
});
