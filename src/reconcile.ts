// One pass: observe, diff, plan, prove, apply, verify. This file is the table of contents of the program.
import { apply } from './apply/apply.js';
import { effect } from './apply/failpoint.js';
import { holdSignals } from './apply/signals.js';
import { sweepSets } from './apply/sweep-sets.js';
import { loadHost } from './desired/load.js';
import { DiskObjectStore, MemoryObjectStore } from './disk/object-store.js';
import { diff } from './diff/diff.js';
import { findRenames, withRename } from './diff/renames.js';
import { fatesOf } from './fates.js';
import { collectSets } from './journal/collect-sets.js';
import { newestGeneration } from './journal/generation-list.js';
import { currentIfReadable } from './journal/generations.js';
import { writeGeneration } from './journal/generation-writer.js';
import { keptState } from './journal/kept.js';
import { endHold } from './journal/end-hold.js';
import { readHold } from './journal/hold.js';
import { Journal } from './journal/journal.js';
import { type WriterLock, withWriterLock } from './journal/lock.js';
import { attachedFrom, lastFailures } from './journal/intents.js';
import { readSoundJournal } from './journal/read.js';
import { guardAgainstLockout } from './lockout.js';
import { settleOpenIntents } from './journal/settle.js';
import { listChanges, refuseCollapse } from './list-changes.js';
import { ensureMounted } from './kernel/bpffs.js';
import { requireCapabilities } from './kernel/capabilities.js';
import { layout } from './kernel/layout.js';
import type { DesiredState } from './model/desired.js';
import { diagnosticLine } from './model/diagnostic.js';
import type { Endpoint } from './model/flow.js';
import type { MapDefinition } from './model/instance.js';
import type { ObjectStore } from './model/object-store.js';
import type { Progress } from './model/progress.js';
import type { ObservedState } from './model/observed.js';
import type { PendingReport } from './model/pending.js';
import type { Hold, Reconciliation } from './model/reconciliation.js';
import type { Generation, JournalRecord } from './model/record.js';
import type { Safeguards } from './model/safeguards.js';
import type { Condition, Plan } from './model/step.js';
import { lookAhead, observe } from './observe/observe.js';
import { plan } from './plan/plan.js';
import { retestFirewall } from './prove/firewall.js';
import { inspect, type Proven, prove } from './prove/prove.js';
import { revisionOf } from './source/adoption.js';
import { summarize } from './summarize.js';
import { endOverdueTrial } from './trial/abandon.js';
import { undoneWarning, waitingTrial } from './trial/waiting.js';
import { beginTrial } from './on-trial.js';

export interface Paths {
  bpffs: string;
  dataDir: string;
}

export interface ReconcileOptions extends Paths {
  stateDir: string;
  host: string;
  /** What diagnostics call the state directory; they name its files alone when it is absent. */
  shownAs?: string;
  /** Plan and prove, change nothing, take no lock. */
  dryRun: boolean;
  /** Try again what failed lately, though it may cost a gap. */
  retry?: boolean;
  /** Milliseconds within which a change has to be confirmed, in place of what the Host file says. */
  confirmWithin?: number;
  /** Make the change though it drops a flow that must live. */
  acceptLockout?: boolean;
  /** Whom the state files come from: their answers have to get through. */
  remotes?: readonly Endpoint[];
  /** Told while lists are read. */
  progress?: Progress;
}

/** Makes the kernel run what the state files of this host say; under a hold, what the held generation says. */
export async function reconcile(options: ReconcileOptions): Promise<Reconciliation> {
  requireCapabilities();
  if (options.dryRun) return reconcileWith(options, undefined);
  return withWriterLock(options.dataDir, (lock) => reconcileWith(options, lock));
}

/** The same for whoever has the lock. Without it: plans and proves only. */
export async function reconcileWith(
  options: ReconcileOptions,
  lock: WriterLock | undefined,
): Promise<Reconciliation> {
  const undone = lock && (await endOverdueTrial(lock, layout(options.bpffs)));
  const look = lookAhead(options); // bpftool runs while the state files are read
  const disk = new DiskObjectStore(options.dataDir);
  const store = lock ? disk : new MemoryObjectStore(disk);
  const { desired, safeguards: asked, warnings: found } = await loadHost({ ...options, store });
  const warnings = [...(undone === undefined ? [] : [undoneWarning(undone)]), ...found.map(diagnosticLine)];
  const source = revisionOf(options.stateDir, options.dataDir);
  const origin = { origin: 'reconcile' as const, ...(source && { source }) };
  const goal = { ...options, desired, store, warnings, look, origin };
  const pending = waitingTrial(options.dataDir, desired);
  if (pending) return converge({ ...goal, pending }, undefined);
  const hold = readHold(options.dataDir);
  if (hold?.digests.includes(desired.written)) {
    const kept = keptState(options.dataDir, hold.generation, desired.host);
    return converge({ ...goal, desired: kept, hold }, lock);
  }
  refuseCollapse(options.dataDir, desired);
  if (hold && lock) endHold(lock, Journal.open(lock), 'the state files changed');
  const { confirmWithin: confirm = asked.confirm } = options;
  const safeguards = { ...asked, ...(confirm !== undefined && { confirm }) };
  return converge({ ...goal, safeguards }, lock);
}

export interface Convergence extends Paths {
  desired: DesiredState;
  store: ObjectStore;
  warnings: string[];
  /** What to write into the generation, should one be made. `of` is left out unless content is repeated. */
  origin: Pick<Generation, 'origin'> & Partial<Pick<Generation, 'of' | 'reason' | 'source'>>;
  hold?: Hold;
  /** What the kernel runs at first; looked for when it is absent. */
  look?: () => Promise<ObservedState>;
  /** Try again what failed lately, though it may cost a gap. */
  retry?: boolean;
  /** Make the change though it drops a flow that must live. */
  acceptLockout?: boolean;
  /** Whom the state files come from. */
  remotes?: readonly Endpoint[];
  /** What a change to a new desired state has to stand; nothing when absent. */
  safeguards?: Safeguards;
  /** The change to `desired` waits for its confirmation: nothing is changed meanwhile. */
  pending?: PendingReport;
}

/** Makes the kernel run `desired`. Without a lock: plans and proves only. */
export async function converge(goal: Convergence, lock: WriterLock | undefined): Promise<Reconciliation> {
  const paths = layout(goal.bpffs);
  if (lock) ensureMounted(goal.bpffs);
  const journal = lock && Journal.open(lock);
  const look = () => observe({ bpffs: goal.bpffs });
  const before = await (goal.look ?? look)();
  if (journal) recover(journal, before);
  const current = currentIfReadable(goal.dataDir);
  const records = journal?.records ?? readSoundJournal(goal.dataDir).records;

  const planned = makePlan(goal, before, records);
  using proven = prove(planned, { layout: paths, store: goal.store, observed: before });
  const accepted = await lockouts(goal, planned, proven, current);
  const idle =
    goal.origin.origin === 'reconcile' &&
    planned.steps.every(({ step }) => step.kind === 'none' || proven.failed.has(step.interface));
  const outcome = {
    host: goal.desired.host,
    dryRun: !lock && !goal.pending,
    plan: planned,
    unproven: proven.failed,
    lists: listChanges(current?.desired, goal.desired),
    warnings: [...goal.warnings, ...accepted.map((one) => `accepted: this locks out ${one}`)],
    ...(goal.hold && { hold: goal.hold }),
    ...(goal.pending && { pending: goal.pending }),
  };
  if (!lock || !journal || idle) {
    if (!isCurrent(goal, current)) retest(goal, before);
    const settled = planned.steps.every(({ step }) => step.kind === 'none' && isSettled(step.condition));
    const generation =
      lock && settled ? generationFor(goal, current, lock, records) : newestGeneration(goal.dataDir);
    const fates = fatesOf(planned, goal.dataDir);
    if (lock) sweepSets(lock, paths, before);
    return summarize({ ...outcome, fates, generation, applied: [], remaining: planned, observed: before });
  }

  const { applied, trial } = await holdSignals(async () => {
    const begun = await beginTrial(lock, journal, goal, { current, plan: planned });
    const number = generationFor(goal, current, lock, records);
    const step = { kind: 'accept-lockout', reason: accepted.join('; ') } as const;
    if (accepted.length > 0) journal.append({ generation: number, phase: 'done', step });
    const context = { layout: paths, journal, generation: number, proven, observe: look };
    const done = begun
      ? await begun.run(number, (onTrial) => apply(lock, planned, { ...context, ...onTrial }))
      : await apply(lock, planned, context);
    return { applied: done, trial: begun?.outcome() };
  });
  const looking = look();
  const fates = fatesOf(planned, goal.dataDir); // for the report alone, and while bpftool looks
  const after = await looking;
  sweepSets(lock, paths, after);
  const remaining = makePlan({ ...goal, ...trial }, after, journal.records);
  const generation = newestGeneration(goal.dataDir);
  return summarize({ ...outcome, fates, generation, applied, remaining, observed: after, ...trial });
}

/** What a change ends that must live, where that was accepted. Else no step of such a change is left to be applied. */
function lockouts(goal: Convergence, planned: Plan, proven: Proven, current: Generation | undefined) {
  const asked = goal.origin.origin === 'reconcile' && !goal.hold && !isCurrent(goal, current);
  if (!asked) return Promise.resolve([]);
  const { remotes = [], acceptLockout: accepted = false, bpffs } = goal;
  return guardAgainstLockout(planned, proven, { layout: layout(bpffs), remotes, accepted });
}

function makePlan(goal: Convergence, found: ObservedState, records: readonly JournalRecord[]): Plan {
  const renames = findRenames(goal.desired, found);
  const observed = renames.reduce(withRename, found);
  const differences = diff(goal.desired, observed);
  const definitions = new Map<string, MapDefinition[]>();
  for (const { wanted, owned } of differences) {
    const digest = wanted?.program.digest;
    if (!wanted || digest === undefined || definitions.has(digest)) continue;
    const pinned = owned?.instances.find((one) => one.digest === digest && one.programId !== undefined);
    if (!wanted.program.firewall && (!pinned || pinned.lost))
      definitions.set(digest, inspect(wanted.program, goal.store));
  }
  const context = {
    observed,
    definitions,
    attachedFrom: attachedFrom(records, observed.boot),
    failedLately: goal.retry === true ? new Map() : failedLately(records, observed.boot),
    keepsFormer: goal.pending !== undefined,
  };
  return plan(goal.desired, differences, context, renames);
}

/** Milliseconds that a step with a gap waits after it failed. */
const PATIENCE = 600_000;

function failedLately(records: readonly JournalRecord[], boot: string): Map<string, JournalRecord> {
  const failures = lastFailures(records, boot);
  for (const [name, { time }] of failures) {
    const age = Date.now() - Date.parse(time);
    if (age < 0 || age > PATIENCE) failures.delete(name);
  }
  return failures;
}

/** Writes the outcome of what an interrupted run had begun, as the kernel shows it. */
function recover(journal: Journal, observed: ObservedState): void {
  for (const outcome of settleOpenIntents(journal.openIntents(), observed)) journal.append(outcome);
}

function isCurrent(goal: Convergence, current: Generation | undefined): current is Generation {
  return current?.desired.digest === goal.desired.digest;
}

/** A desired state that is new, though nothing has to change, may have tests that are new: they are asked now. */
function retest(goal: Convergence, observed: ObservedState): void {
  for (const { interface: name, wanted } of diff(goal.desired, observed)) {
    const program = wanted?.program;
    if (program?.firewall) retestFirewall(layout(goal.bpffs), name, program.digest, program.firewall);
  }
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
