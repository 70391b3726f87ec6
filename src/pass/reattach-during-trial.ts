// While a change waits for its confirmation nothing of it is changed or cleaned away. One thing is mended: an interface
// that lost what the change had attached there, by a hand or by being made anew, gets it again. It is no step of the change:
// what the change itself would undo is still what has to be undone, so nothing is recorded to go back by.
import { apply } from '../apply/apply.js';
import type { Convergence } from './goal.js';
import { bringsBack } from '../journal/intents.js';
import { Journal } from '../journal/journal.js';
import type { WriterLock } from '../journal/lock.js';
import { recoverOpenIntents } from '../journal/recover-intents.js';
import { pinsOf } from '../kernel/pins.js';
import { waitForDetachingLinks } from './wait-for-detaching-links.js';
import { planPass } from './plan-pass.js';
import type { PendingReport } from '../model/pending.js';
import type { Reconciliation } from '../model/reconciliation.js';
import type { Plan, PlannedStep } from '../model/step.js';
import { observe } from '../observe/observe.js';
import { suspend } from '../plan/suspend.js';
import { prove } from '../prove/prove.js';
import { summarize } from './result.js';

/** `undefined` when nothing has to be mended. */
export async function reattachDuringTrial(
  goal: Convergence & { pending: PendingReport },
  lock: WriterLock,
): Promise<Reconciliation | undefined> {
  const { pending, suspensions = [] } = goal;
  const look = () => observe({ bpffs: goal.bpffs });
  const journal = Journal.open(lock);
  const before = await waitForDetachingLinks(await (goal.look ?? look)(), goal, journal.records, look);
  const planned = planPass(goal, before, journal.records);
  const { active, waiting } = suspend(planned, suspensions);
  const isLost = ({ step }: PlannedStep) =>
    step.kind === 'attach' && !step.takeOver && bringsBack(journal.records, step);
  const steps = active.steps.filter(isLost);
  if (steps.length === 0) return undefined;
  for (const outcome of recoverOpenIntents(journal.openIntents(), before)) journal.append(outcome);
  const lost: Plan = { steps, warnings: active.warnings };
  const pins = pinsOf(goal.bpffs);
  using proven = prove(lost, { pinPaths: pins, store: goal.store, observed: before });
  const { generation } = pending;
  const context = { pins, journal, generation, proven, observe: look, keep: true, mends: true };
  const applied = await apply(lock, lost, context);
  const observed = await look();
  return summarize({
    host: goal.desired.host,
    generation,
    dryRun: false,
    plan: { ...planned, steps: [...planned.steps.filter((one) => one.step.kind === 'none'), ...steps] },
    unproven: proven.failed,
    fates: new Map(),
    applied,
    remaining: planPass(goal, observed, journal.records),
    waiting,
    suspensions,
    observed,
    pending,
    lists: [],
    warnings: goal.warnings,
  });
}
