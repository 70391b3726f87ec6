// One pass: observe, diff, plan, prove, apply, verify. This file is the table of contents of the program.
import { apply } from './apply/apply.js';
import { effect } from './apply/failpoint.js';
import { holdSignals } from './apply/signals.js';
import { loadHost } from './desired/load.js';
import { DiskObjectStore, MemoryObjectStore } from './disk/object-store.js';
import { diff } from './diff/diff.js';
import { findRenames, withRename } from './diff/renames.js';
import { fatesOf } from './fates.js';
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
import { settleOpenIntents } from './journal/settle.js';
import { endExpired } from './journal/suspension-writer.js';
import { readSuspensions } from './journal/suspensions.js';
import { ensureMounted } from './kernel/bpffs.js';
import { requireCapabilities } from './kernel/capabilities.js';
import { layout } from './kernel/layout.js';
import type { DesiredState } from './model/desired.js';
import { diagnosticLine } from './model/diagnostic.js';
import { PruneGuardError } from './model/errors.js';
import type { MapDefinition } from './model/instance.js';
import type { ObjectStore } from './model/object-store.js';
import type { ObservedState } from './model/observed.js';
import type { Hold, Reconciliation } from './model/reconciliation.js';
import type { Generation, JournalRecord } from './model/record.js';
import type { Condition, Plan } from './model/step.js';
import type { Suspension } from './model/suspension.js';
import { lookAhead, observe } from './observe/observe.js';
import { plan } from './plan/plan.js';
import { suspectPrune } from './plan/prune-guard.js';
import { suspend } from './plan/suspend.js';
import { retestFirewall } from './prove/firewall.js';
import { inspect, prove } from './prove/prove.js';
import { summarize } from './summarize.js';

export interface Paths {
  bpffs: string;
  dataDir: string;
}

export interface ReconcileOptions extends Paths {
  stateDir: string;
  host: string;
  /** Plan and prove, change nothing, take no lock. */
  dryRun: boolean;
  /** Try again what failed lately, though it may cost a gap. */
  retry?: boolean;
  /** Detach also what looks like an accident. */
  allowPrune?: boolean;
}

/** Makes the kernel run what the state files of this host say; under a hold, what the held generation says. */
export async function reconcile(options: ReconcileOptions): Promise<Reconciliation> {
  requireCapabilities();
  if (options.dryRun) return pass(options, undefined);
  return withWriterLock(options.dataDir, (lock) => pass(options, lock));
}

async function pass(options: ReconcileOptions, lock: WriterLock | undefined): Promise<Reconciliation> {
  return converge(await loadGoal(options, lock), lock);
}

/** What a pass goes for: the state files, or what a hold keeps. With a lock, what has ended is ended in the records. */
export async function loadGoal(
  options: ReconcileOptions,
  lock: WriterLock | undefined,
): Promise<Convergence> {
  const look = lookAhead(options); // bpftool runs while the state files are read
  const disk = new DiskObjectStore(options.dataDir);
  const store = lock ? disk : new MemoryObjectStore(disk);
  const { desired, warnings: found } = await loadHost({ ...options, store });
  if (lock) endExpired(lock);
  const goal = {
    ...options,
    look,
    store,
    warnings: found.map(diagnosticLine),
    suspensions: readSuspensions(options.dataDir),
    origin: { origin: 'reconcile' as const },
  };
  const hold = readHold(options.dataDir);
  if (hold?.digests.includes(desired.written)) {
    return { ...goal, hold, desired: keptState(options.dataDir, hold.generation, desired.host) };
  }
  if (hold && lock) endHold(lock, Journal.open(lock), 'the state files changed');
  return { ...goal, desired };
}

export interface Convergence extends Paths {
  desired: DesiredState;
  store: ObjectStore;
  warnings: string[];
  /** What to write into the generation, should one be made. `of` is left out unless content is repeated. */
  origin: Pick<Generation, 'origin'> & Partial<Pick<Generation, 'of' | 'reason'>>;
  hold?: Hold;
  /** What must wait, however it differs. */
  suspensions?: Suspension[];
  /** What the kernel runs at first; looked for when it is absent. */
  look?: () => Promise<ObservedState>;
  /** Try again what failed lately, though it may cost a gap. */
  retry?: boolean;
  allowPrune?: boolean;
  /** Is told what was planned from which observation, before anything is done; throws to prevent it. */
  witness?: (planned: Plan, observed: ObservedState) => void;
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
  goal.witness?.(planned, before);
  const { active, waiting } = suspend(planned, goal.suspensions ?? []);
  guardPrune(goal, active, before);
  using proven = prove(active, { layout: paths, store: goal.store, observed: before });
  const idle =
    goal.origin.origin === 'reconcile' &&
    active.steps.every(({ step }) => step.kind === 'none' || proven.failed.has(step.interface));
  const outcome = {
    host: goal.desired.host,
    dryRun: !lock,
    plan: planned,
    unproven: proven.failed,
    warnings: goal.warnings,
    waiting,
    suspensions: goal.suspensions ?? [],
    ...(goal.hold && { hold: goal.hold }),
  };
  if (!lock || !journal || idle) {
    if (!isCurrent(goal, current)) retest(goal, before);
    const settled = planned.steps.every(({ step }) => step.kind === 'none' && isSettled(step.condition));
    const generation =
      lock && settled ? generationFor(goal, current, lock, records) : newestGeneration(goal.dataDir);
    const fates = fatesOf(planned, goal.dataDir);
    return summarize({ ...outcome, fates, generation, applied: [], remaining: planned, observed: before });
  }

  const generation = generationFor(goal, current, lock, records);
  const applied = await holdSignals(() =>
    apply(lock, active, { layout: paths, journal, generation, proven, observe: look }),
  );
  const looking = look();
  const fates = fatesOf(planned, goal.dataDir); // for the report alone, and while bpftool looks
  const after = await looking;
  const remaining = makePlan(goal, after, journal.records);
  return summarize({ ...outcome, fates, generation, applied, remaining, observed: after });
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
  };
  return plan(goal.desired, differences, context, renames);
}

/** A rollback, a detach and what either keeps on hold were asked for by name: they pass. */
function guardPrune({ origin, hold, allowPrune }: Convergence, planned: Plan, observed: ObservedState): void {
  if (origin.origin !== 'reconcile' || hold || allowPrune === true) return;
  const suspect = suspectPrune(planned, observed);
  if (suspect === undefined) return;
  throw new PruneGuardError(suspect, {
    hint: 'Nothing was changed. If it is meant, run `xdpkeep reconcile --allow-prune-all` once; to take everything away for good, `xdpkeep detach --all --reason ...`.',
  });
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
  return effect('generation', () => writeGeneration(lock, { ...goal.origin, desired: goal.desired }, records))
    .number;
}
