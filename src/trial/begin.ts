// Decides which changes go on trial, and runs one. Healing towards a confirmed state and what an operator orders against
// the state files need no trial: both bring back what was accepted before.
import type { Applied, ApplyContext } from '../apply/apply.js';
import { readHold } from '../journal/hold.js';
import type { Journal } from '../journal/journal.js';
import type { WriterLock } from '../journal/lock.js';
import { readPending } from '../journal/pending.js';
import { recordedPolicy } from '../journal/running.js';
import { isUnconfirmed } from '../journal/trials.js';
import { monotonicNow } from '../kernel/boot.js';
import type { armDeadline } from '../kernel/deadline.js';
import type { Pins } from '../kernel/pins.js';
import type { HostPaths } from '../model/host-paths.js';
import type { HostPolicy, DesiredState } from '../model/desired.js';
import { reportPending } from '../model/pending.js';
import type { Reconciliation } from '../model/reconciliation.js';
import type { Generation, JournalRecord } from '../model/record.js';
import type { TrialQuestion } from '../model/safeguards.js';
import type { EffectiveStep, Plan } from '../model/step.js';
import { requirePermitted } from '../probe/permission.js';
import { Trial, type TrialGoal } from './trial.js';

type OnTrial = Pick<ApplyContext, 'judge' | 'reverted' | 'keep'>;

export interface RunningTrial {
  /** Announces generation `number`, makes the change with `make` and decides it. */
  run(number: number, make: (onTrial: OnTrial) => Promise<Applied[]>): Promise<Applied[]>;
  /** What the report says of it. */
  outcome(): Pick<Reconciliation, 'trial' | 'hold' | 'pending'>;
}

/** Where it takes place, and who writes it down. */
interface Where extends HostPaths {
  pins: Pins;
  lock: WriterLock;
  journal: Journal;
  machine: { armDeadline: typeof armDeadline };
}

interface Change extends Pick<TrialGoal, 'inPart' | 'unknown'> {
  current: Generation | undefined;
  plan: Plan;
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

/** Throws a PermissionError where the change would be judged by a command that this host does not allow. */
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
  { lock, journal, pins, bpffs, dataDir, machine }: Where,
  desired: DesiredState,
  question: TrialQuestion,
  { current, plan, ...about }: Change,
): Promise<RunningTrial | undefined> {
  if (!needsTrial(desired, question, current, journal.records)) return undefined;
  const { safeguards, readFrom } = question;
  const again = current?.desired.digest === desired.digest ? current.number : undefined;
  const trial = await Trial.begin(lock, {
    pins,
    bpffs,
    journal,
    armDeadline: machine.armDeadline,
    safeguards,
    written: desired.written,
    ...(again !== undefined && { generation: again }),
    ...(readFrom && { place: readFrom }),
    inverses: plan.steps.flatMap(({ inverse }) => inverse ?? []).reverse(),
    policies: policiesOf(plan, dataDir),
    ...about,
  });
  return {
    run: async (number, make) => {
      try {
        trial.announce(number);
        const applied = await make({
          judge: () => trial.judge(),
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
