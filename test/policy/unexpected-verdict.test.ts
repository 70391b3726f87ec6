import { expect, it } from 'vitest';
import { whyUnexpected } from '../../src/policy/unexpected-verdict.js';

it.each([
  [{ expect: 'drop' }, { row: 'a', verdict: 'drop' }, undefined],
  [{ expect: 'drop', rule: 'a' }, { row: 'a', verdict: 'drop' }, undefined],
  [{ expect: 'drop' }, { row: '(default)', verdict: 'pass' }, 'expected drop, got pass by (default)'],
  [{ expect: 'drop', rule: 'a' }, { row: 'b', verdict: 'drop' }, 'expected drop by a, got drop by b'],
  [{ expect: 'pass', rule: 'a' }, { row: 'a', verdict: 'tx' }, 'expected pass by a, got tx by a'],
] as const)('%j, got %j: %s', (expected, got, problem) => {
  expect(whyUnexpected(expected, got)).toBe(problem);
});
