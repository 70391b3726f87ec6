// One pass: observe, diff, plan, prove, apply, verify. This file is the table of contents of the program.
import { apply } from '../apply/apply.js';
import { effect } from '../apply/failpoint.js';
import { deferSignals } from '../apply/defer-signals.js';
import { sweepSets } from '../apply/sweep-sets.js';
import { compareDeeply } from './compare-deeply.js';
import { rebuildPolicies } from '../desired/programs/policy-program.js';
import { diff } from '../diff/diff.js';
import { packetEffectsOf } from './packet-effects.js';
import { type Convergence, loadGoal, type ReconcileOptions } from './goal.js';
import { guardFlows, guardPrune } from './guards.js';
import { hasBlocks } from '../journal/blocks.js';
import { collectSets } from '../journal/collect-sets.js';
import { endHold } from '../journal/end-hold.js';
import { newestGeneration } from '../journal/generation-list.js';
import { currentIfReadable } from '../journal/generations.js';
import { writeGeneration } from '../journal/generation-writer.js';
import { attachedFrom } from '../journal/intents.js';
import { Journal } from '../journal/journal.js';
import type { WriterLock } from '../journal/lock.js';
import { readSoundJournal } from '../journal/read.js';
import { recoverOpenIntents } from '../journal/recover-intents.js';
import { ensureMounted } from '../kernel/bpffs.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { pinPathsOf } from '../kernel/pin-paths.js';
import { listChanges } from './list-changes.js';
import { waitForDetachingLinks } from './wait-for-detaching-links.js';
import { planPass } from './plan-pass.js';
import type { ObservedState } from '../model/observed.js';
import type { Reconciliation } from '../model/reconciliation.js';
import type { Generation, JournalRecord } from '../model/record.js';
import type { Condition, Plan } from '../model/step.js';
import { observe } from '../observe/observe.js';
import { beginTrial } from '../trial/begin.js';
import { withHost } from './open-host.js';
import { limit } from '../plan/limit.js';
import { suspend } from '../plan/suspend.js';
import { retestPolicy } from '../prove/policy.js';
import { prove } from '../prove/prove.js';
import { summarize } from './result.js';

/** Makes the kernel run what the state files of this host say; under a hold, what the held generation says. */
export async function reconcile(options: ReconcileOptions): Promise<Reconciliation> {
  requireCapabilities();
  if (options.dryRun) return reconcileWith(options, undefined);
  return withHost(options, ({ lock }) => reconcileWith(options, lock));
}

/** The same for whoever has the lock. Without it: plans and proves only. */
export async function reconcileWith(
  options: ReconcileOptions,
  lock: WriterLock | undefined,
): Promise<Reconciliation> {
  const goal = await loadGoal(options, lock);
  const { pending } = goal;
  const healed =
    pending &&
    lock &&
    (await (await import('./reattach-during-trial.js')).reattachDuringTrial({ ...goal, pending }, lock));
  if (healed) return healed;
  const result = await converge(goal, lock);
  if (lock) goal.remember?.();
  return result;
}

/** Makes the kernel run `desired`. Without a lock: plans and proves only. */
export async function converge(asked: Convergence, writer: WriterLock | undefined): Promise<Reconciliation> {
  const goal = { ...asked, desired: rebuildPolicies(asked.desired, asked.store) };
  const lock = goal.pending ? undefined : writer;
  const paths = pinPathsOf(goal.bpffs);
  if (lock) ensureMounted(goal.bpffs);
  const journal = lock && Journal.open(lock);
  const look = () => observe({ bpffs: goal.bpffs });
  const records = journal?.records ?? readSoundJournal(goal.dataDir).records;
  const seen = await waitForDetachingLinks(await (goal.look ?? look)(), goal, records, look);
  const found = goal.deep === true ? await compareDeeply(goal, seen) : seen;
  if (journal) recover(journal, found);
  const before = await withBlocks(goal, journal && { lock, journal }, found);
  const current = currentIfReadable(goal.dataDir);

  const planned = planLimited(goal, before, records);
  goal.witness?.(planned, found);
  const { active, waiting } = suspend(planned, goal.suspensions ?? []);
  guardPrune(goal, active, before);
  using proven = prove(active, {
    pinPaths: paths,
    store: goal.store,
    observed: before,
    ...(goal.progress && { progress: goal.progress }),
  });
  const accepted = await guardFlows(goal, active, proven, isCurrent(goal, current) ? records : []);
  const idle =
    goal.origin.origin === 'reconcile' &&
    active.steps.every(({ step }) => step.kind === 'none' || proven.failed.has(step.interface));
  const outcome = {
    host: goal.desired.host,
    dryRun: !lock && !goal.pending,
    plan: planned,
    unproven: proven.failed,
    waiting,
    suspensions: goal.suspensions ?? [],
    warnings: [...goal.warnings, ...accepted.map((one) => `accepted: this locks out ${one}`)],
    ...(goal.hold && { hold: goal.hold }),
    ...(goal.pending && { pending: goal.pending }),
  };
  if (!lock || !journal || idle) {
    if (!isCurrent(goal, current)) retest(goal, before);
    const settled = planned.steps.every(({ step }) => step.kind === 'none' && isSettled(step.condition));
    const generation =
      lock && settled ? generationFor(goal, current, lock, records) : newestGeneration(goal.dataDir);
    if (lock && journal && settled) leaveHold(goal, lock, journal);
    const fates = packetEffectsOf(planned, goal.dataDir);
    const lists = listChanges(current?.desired, goal.desired);
    if (lock) sweepSets(lock, paths, before);
    return summarize({
      ...outcome,
      fates,
      lists,
      generation,
      applied: [],
      remaining: planned,
      observed: before,
    });
  }

  const { applied, trial } = await deferSignals(async () => {
    const steps = active.steps.filter(({ step }) => !proven.failed.has(step.interface));
    const from = attachedFrom(records, before.boot);
    const unknown = before.owned.some(({ name, link }) => link && !from.has(name));
    const change = { current, plan: { ...active, steps }, inPart: waiting.size > 0, unknown };
    const begun = await beginTrial(lock, journal, goal, change);
    const number = generationFor(goal, current, lock, records);
    const step = { kind: 'accept-lockout', reason: accepted.join('; ') } as const;
    if (accepted.length > 0) journal.append({ generation: number, phase: 'done', step });
    const context = { pinPaths: paths, journal, generation: number, proven, observe: look };
    const done = begun
      ? await begun.run(number, (onTrial) => apply(lock, active, { ...context, ...onTrial }))
      : await apply(lock, active, context);
    return { applied: done, trial: begun?.outcome() };
  });
  const stays = !trial?.hold && !trial?.pending && applied.some(({ outcome: became }) => became === 'done');
  if (stays) leaveHold(goal, lock, journal);
  const looking = look();
  // For the report alone, and while bpftool looks.
  const fates = packetEffectsOf(planned, goal.dataDir);
  const lists = listChanges(current?.desired, goal.desired);
  const after = await looking;
  sweepSets(lock, paths, after);
  const remaining = planLimited({ ...goal, ...trial }, after, journal.records);
  const generation = newestGeneration(goal.dataDir);
  return summarize({ ...outcome, fates, lists, generation, applied, remaining, observed: after, ...trial });
}

/** The plan of the interfaces that may be touched. */
function planLimited(goal: Convergence, found: ObservedState, records: readonly JournalRecord[]): Plan {
  const planned = planPass(goal, found, records);
  return goal.only ? limit(planned, goal.only) : planned;
}

/** Most hosts have no blocks, and read nothing for them. Nothing is touched while a change waits for its confirmation. */
async function withBlocks(
  goal: Convergence,
  writer: { lock: WriterLock; journal: Journal } | undefined,
  found: ObservedState,
): Promise<ObservedState> {
  const any = hasBlocks(goal.dataDir) || found.owned.some(({ blocks }) => blocks !== undefined);
  if (!any || goal.pending) return found;
  const { bringBlocks } = await import('./block-maps.js');
  return bringBlocks(writer, pinPathsOf(goal.bpffs), goal, found);
}

/** Writes the outcome of what an interrupted run had begun, as the kernel shows it. */
function recover(journal: Journal, observed: ObservedState): void {
  for (const outcome of recoverOpenIntents(journal.openIntents(), observed)) journal.append(outcome);
}

function isCurrent(goal: Convergence, current: Generation | undefined): current is Generation {
  return current?.desired.digest === goal.desired.digest;
}

/** A desired state that is new, though nothing has to change, may have tests that are new: they are asked now. */
function retest(goal: Convergence, observed: ObservedState): void {
  for (const { interface: name, wanted } of diff(goal.desired, observed)) {
    const program = wanted?.program;
    if (program?.firewall) retestPolicy(pinPathsOf(goal.bpffs), name, program.digest, program.firewall);
  }
}

/** What was on hold may come back from now on: another state took its place, and stays. */
function leaveHold({ endsHold }: Convergence, lock: WriterLock, journal: Journal): void {
  if (endsHold !== undefined) endHold(lock, journal, endsHold);
}

/** Does the kernel run what is wanted there? */
function isSettled(condition: Condition): boolean {
  return condition === 'Ready' || condition === 'Degraded';
}

/** Healing drift repeats the current generation; another desired state, or an operator's word, makes a new one. */
function generationFor(
  goal: Convergence,
  current: Generation | undefined,
  lock: WriterLock,
  records: readonly JournalRecord[],
): number {
  if (goal.origin.origin === 'reconcile' && isCurrent(goal, current)) return current.number;
  const made = { ...goal.origin, desired: goal.desired };
  const { number } = effect('generation', () => writeGeneration(lock, made, records));
  collectSets(lock);
  return number;
}
