// Decides which changes go on trial, and runs one. Healing towards a confirmed state and what an operator orders against
// the state files need no trial: both bring back what was accepted before.
import type { Applied, OnTrial } from '../apply/apply.js';
import { readHold } from '../journal/hold.js';
import type { Writer } from '../journal/journal.js';
import { readPending } from '../journal/pending.js';
import { recordedPolicy } from '../journal/running.js';
import { isUnconfirmed } from '../journal/trials.js';
import { monotonicNow } from '../kernel/boot.js';
import type { HostPolicy, DesiredState } from '../model/desired.js';
import { reportPending } from '../model/pending.js';
import type { Reconciliation } from '../model/reconciliation.js';
import type { Generation, JournalRecord } from '../model/record.js';
import type { TrialQuestion } from '../model/safeguards.js';
import type { EffectiveStep, Plan } from '../model/step.js';
import { requirePermitted } from '../probe/permission.js';
import { Trial, type TrialGoal, type TrialPlace } from './trial.js';

export interface RunningTrial {
  /** Announces generation `number`, makes the change with `make` and decides it. */
  run(number: number, make: (onTrial: OnTrial) => Promise<Applied[]>): Promise<Applied[]>;
  /** What the report says of it. */
  outcome(): Pick<Reconciliation, 'trial' | 'hold' | 'pending'>;
}

/** The change that may have to stand a trial. */
interface Change {
  desired: DesiredState;
  /** What ran before it. */
  before: { generation: Generation | undefined } & Pick<TrialGoal['before'], 'unknown'>;
  plan: Plan;
  /** Some of it waits for the end of a suspension. */
  inPart: boolean;
}

/** Is a change towards this state put on trial? */
function needsTrial(
  desired: DesiredState,
  { safeguards }: TrialQuestion,
  current: Generation | undefined,
  records: readonly JournalRecord[],
): boolean {
  const { probes, guard, confirm } = safeguards;
  if (probes.length === 0 && !guard && confirm === undefined) return false;
  return current?.desired.digest !== desired.digest || isUnconfirmed(records, current.number);
}

/** Throws a PermissionError when a probe of the change runs a command and this host does not allow that. */
export function requirePermittedTrial(
  desired: DesiredState,
  question: TrialQuestion,
  current: Generation | undefined,
  records: readonly JournalRecord[],
): void {
  if (needsTrial(desired, question, current, records)) requirePermitted(question.safeguards.probes);
}

/** `undefined` when the change needs no trial. Throws an UnreachableError, and nothing was done, when it cannot be had. */
export async function beginTrial(
  writer: Writer,
  place: TrialPlace,
  question: TrialQuestion,
  { desired, before, plan, inPart }: Change,
): Promise<RunningTrial | undefined> {
  const { generation: current, unknown } = before;
  if (!needsTrial(desired, question, current, writer.journal.records)) return undefined;
  const { dataDir } = writer.lock;
  const again = current?.desired.digest === desired.digest ? current.number : undefined;
  const trial = await Trial.begin(writer, place, {
    question,
    written: desired.written,
    before: { unknown, ...(again !== undefined && { generation: again }) },
    change: {
      inverses: plan.steps.flatMap(({ inverse }) => inverse ?? []).reverse(),
      policies: policiesOf(plan, dataDir),
      inPart,
    },
  });
  return {
    run: async (number, make) => {
      try {
        trial.announce(number);
        const applied = await make({
          findFailure: () => trial.findFailure(),
          reverted: () => {
            trial.reverted();
          },
          keep: trial.keeps,
        });
        await trial.end(applied);
        return applied;
      } catch (error) {
        trial.giveUp();
        throw error;
      }
    },
    outcome: () => {
      const pending = readPending(dataDir);
      const waiting = pending && reportPending(pending, monotonicNow());
      const hold = trial.report.failure === undefined ? undefined : readHold(dataDir);
      return { trial: trial.report, ...(waiting && { pending: waiting }), ...(hold && { hold }) };
    },
  };
}

/** Interface -> policy, of those that the plan changes: what leaves, and what comes. */
function policiesOf(plan: Plan, dataDir: string) {
  const before = new Map<string, HostPolicy>();
  const after = new Map<string, HostPolicy>();
  for (const { step } of plan.steps) {
    if (step.kind === 'none') continue;
    const leaves = digestBefore(step);
    const left = leaves === undefined ? undefined : recordedPolicy(dataDir, leaves);
    if (left) before.set(step.interface, left);
    const comes = 'instance' in step ? step.instance.program?.firewall : undefined;
    if (comes) after.set(step.interface, comes);
  }
  return { before, after };
}

function digestBefore(step: EffectiveStep): string | undefined {
  return 'fromDigest' in step ? step.fromDigest : undefined;
}
