// Compares a decision with the expected one. In audit mode the rule's own verdict is compared.
import type { Ending, PacketTest } from '../model/policy.js';

/** Who decided, and how: the same words for the reference and the kernel. */
export interface DecidedBy {
  row: string;
  verdict: Ending['kind'];
}

/** `expected drop by no-ping, got pass by (default)`; `undefined` when it is as expected. */
export function whyUnexpected(test: Pick<PacketTest, 'expect' | 'rule'>, got: DecidedBy): string | undefined {
  if (got.verdict === test.expect && (test.rule === undefined || got.row === test.rule)) return undefined;
  const expected = test.rule === undefined ? test.expect : `${test.expect} by ${test.rule}`;
  return `expected ${expected}, got ${got.verdict} by ${got.row}`;
}
