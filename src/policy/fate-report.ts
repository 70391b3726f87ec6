// The semantic diff of two policies as reports carry it: packets in words.
import type { FateReport } from '../model/reconciliation.js';
import { describePacket } from './describe.js';
import { diffPolicies, type Side } from './semantic-diff.js';

export function reportFates(before: Side, after: Side): FateReport {
  const { changes, complete } = diffPolicies(before, after);
  return {
    changes: changes.map(({ example, ...change }) => ({ ...change, example: describePacket(example) })),
    complete,
  };
}
