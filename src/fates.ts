// What a plan changes for packets: the semantic diff of the policies that leave and the policies that come.
import { recordedFirewall } from './journal/running.js';
import type { DesiredFirewall } from './model/desired.js';
import { JournalError } from './model/errors.js';
import type { FateReport } from './model/reconciliation.js';
import type { Plan, Step } from './model/step.js';
import { describePacket } from './policy/describe.js';
import { diffPolicies } from './policy/semantic-diff.js';

/** Interface -> what changes there, for every step that swaps one policy for another. */
export function fatesOf(plan: Plan, dataDir: string): Map<string, FateReport> {
  return new Map(
    plan.steps.flatMap(({ step }) => {
      const report = fateOf(step, dataDir);
      return report ? [[step.interface, report] as const] : [];
    }),
  );
}

function fateOf(step: Step, dataDir: string): FateReport | undefined {
  if (step.kind !== 'swap' && step.kind !== 'reattach') return undefined;
  const after = step.instance.program?.firewall;
  const before = after && step.fromDigest !== undefined ? leaving(dataDir, step.fromDigest) : undefined;
  if (!after || !before) return undefined;
  const { changes, complete } = diffPolicies(before, after);
  return {
    changes: changes.map(({ example, ...change }) => ({ ...change, example: describePacket(example) })),
    complete,
  };
}

/** A report is no reason to fail: a record that is damaged only means that nobody knows what ran. */
function leaving(dataDir: string, digest: string): DesiredFirewall | undefined {
  try {
    return recordedFirewall(dataDir, digest);
  } catch (error) {
    if (error instanceof JournalError) return undefined;
    throw error;
  }
}
