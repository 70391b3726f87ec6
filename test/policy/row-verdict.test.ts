// What every row says and does, in both modes, beside what the reference decides.
import { describe, expect, it } from 'vitest';
import { BUILTIN_ROWS, type Policy, type Verdict } from '../../src/model/policy.js';
import { evaluate } from '../../src/policy/evaluate.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import { decidedVerdict, rowVerdict } from '../../src/policy/row-verdict.js';
import { rounds } from '../support/budget.js';
import { policy, rule } from './policy.js';
import { Random, randomPacket, randomPolicy, takenFor } from './random.js';

const RULES = [
  rule('a-pass', {}, 'pass'),
  rule('a-drop', {}, 'drop'),
  rule('a-tx', {}, 'drop', { action: { kind: 'tx' } }),
  rule('a-reject', {}, 'drop', { action: { kind: 'reject', icmp: 'no-route' } }),
  rule('a-redirect', {}, 'drop', { action: { kind: 'redirect', interface: 'veth1' } }),
];

/** Everything that can be said drops, or passes. */
const CLOSED = { default: 'drop', malformed: 'drop', fragments: 'drop', nonIp: 'drop' } as const;
const OPEN = { default: 'pass', malformed: 'pass', fragments: 'pass', nonIp: 'pass' } as const;

/** Row -> what it says in a closed and in an open policy. */
const ROWS: Record<string, [closed: Verdict, open: Verdict]> = {
  '(protect)': ['pass', 'pass'],
  '(malformed)': ['drop', 'pass'],
  '(fragments)': ['drop', 'pass'],
  '(non-ip)': ['drop', 'pass'],
  '(default)': ['drop', 'pass'],
  '(blocked)': ['drop', 'drop'],
  'a-pass': ['pass', 'pass'],
  'a-drop': ['drop', 'drop'],
  'a-tx': ['tx', 'tx'],
  'a-reject': ['reject', 'reject'],
  'a-redirect': ['redirect', 'redirect'],
};

it('the table has every row', () => {
  expect(Object.keys(ROWS)).toEqual(expect.arrayContaining([...BUILTIN_ROWS]));
});

describe.each(Object.entries(ROWS))('%s', (row, [closed, open]) => {
  it.each([
    [CLOSED, closed],
    [OPEN, open],
  ])('enforced, it does what it says: %j', (settings, says) => {
    expect(rowVerdict(policy(RULES, { ...settings, mode: 'enforce' }), row)).toEqual({ says, does: says });
  });

  it.each([
    [CLOSED, closed],
    [OPEN, open],
  ])('audited, it passes, unless it is what an operator has blocked: %j', (settings, says) => {
    const does = row === '(blocked)' ? 'drop' : 'pass';
    expect(rowVerdict(policy(RULES, { ...settings, mode: 'audit' }), row)).toEqual({ says, does });
  });
});

it.each(['enforce', 'audit'] as const)('a rule that counts decides nothing: %s', (mode) => {
  const counting = policy([rule('seen', {}, 'pass', { action: { kind: 'count' } })], { mode });
  expect(rowVerdict(counting, 'seen')).toEqual({ says: 'count', does: 'count' });
  expect(() => decidedVerdict(counting, 'seen')).toThrow(RangeError);
});

it.each(['fragments', 'nonIp'] as const)('what %s leaves to the rules, the default decides', (setting) => {
  const row = setting === 'nonIp' ? '(non-ip)' : '(fragments)';
  const matching: Partial<Policy> = { [setting]: 'match', default: 'drop' };
  expect(rowVerdict(policy([], matching), row)).toEqual({ says: 'drop', does: 'drop' });
});

it.each(['enforce', 'audit'] as const)(
  'is what the reference decides, with and without blocks: %s',
  (mode) => {
    const random = new Random(7);
    const rows = new Set<string>();
    for (let round = 0; round < Math.max(30, rounds(100)); round++) {
      const wanted = { ...randomPolicy(random, 10, 0), mode };
      for (let packet = 0; packet < 50; packet++) {
        const blocked = random.chance(20);
        const described = randomPacket(random);
        const circumstances = { isBlocked: () => blocked, ...takenFor(described) };
        const { row, action, verdict } = evaluate(wanted, [], buildPacket(described), circumstances);
        expect(rowVerdict(wanted, row), row).toEqual({ says: action.kind, does: verdict });
        rows.add(row);
      }
    }
    expect([...rows]).toEqual(
      expect.arrayContaining(['(protect)', '(fragments)', '(non-ip)', '(default)', '(blocked)', 'rule-0']),
    );
  },
);
