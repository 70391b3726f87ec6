import { expect, it } from 'vitest';
import { evaluate } from '../../src/policy/evaluate.js';
import { whyUnexpected, verdictOf } from '../../src/policy/judge-decision.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import { policy, rule } from './policy.js';
import { Random, randomPacket, randomPolicy } from './random.js';

it.each([
  [{ expect: 'drop' }, { row: 'a', verdict: 'drop' }, undefined],
  [{ expect: 'drop', rule: 'a' }, { row: 'a', verdict: 'drop' }, undefined],
  [{ expect: 'drop' }, { row: '(default)', verdict: 'pass' }, 'expected drop, got pass by (default)'],
  [{ expect: 'drop', rule: 'a' }, { row: 'b', verdict: 'drop' }, 'expected drop by a, got drop by b'],
  [{ expect: 'pass', rule: 'a' }, { row: 'a', verdict: 'tx' }, 'expected pass by a, got tx by a'],
] as const)('%j, got %j: %s', (expected, got, problem) => {
  expect(whyUnexpected(expected, got)).toBe(problem);
});

it('looks through audit mode', () => {
  const audited = policy([rule('a', {}, 'drop')], { mode: 'audit' });
  expect(evaluate(audited, [], buildPacket({})).verdict).toBe('pass');
  expect(verdictOf(audited, 'a')).toBe('drop');
});

it('knows of every row what the reference says that it does', () => {
  const random = new Random(7);
  const rows = new Set<string>();
  for (let round = 0; round < 100; round++) {
    const wanted = randomPolicy(random, 10, 0);
    for (let packet = 0; packet < 50; packet++) {
      const { row, action } = evaluate(wanted, [], buildPacket(randomPacket(random)));
      expect(verdictOf(wanted, row), row).toBe(action.kind);
      rows.add(row);
    }
  }
  expect([...rows]).toEqual(
    expect.arrayContaining(['(protect)', '(fragments)', '(non-ip)', '(default)', 'rule-0']),
  );
});
