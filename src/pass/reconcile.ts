// One pass, in the order in which it goes: look, decide, prove, carry out, summarize. This file is the table of contents of the
// program; each phase is a file of its own beside it.
import { rebuildPolicies } from '../desired/programs/policy-program.js';
import type { Writer } from '../journal/journal.js';
import type { ObservedState } from '../model/observed.js';
import type { ReconcileOptions } from '../model/pass-options.js';
import type { Reconciliation } from '../model/reconciliation.js';
import { carryOut } from './carry-out.js';
import { type Decided, decide } from './decide.js';
import { isAgainstStateFiles, type PassInputs } from './inputs.js';
import { inputsFromStateFiles } from './inputs-from-state-files.js';
import { look, type Seen } from './look.js';
import type { Host } from './host.js';
import { viewHost, withHost } from './open-host.js';
import { type ProvenPlan, provePlan } from './prove-plan.js';
import { requirePermittedTrial } from '../trial/begin.js';
import { summarize } from './result.js';
import { standStill } from './stand-still.js';

/** Makes the kernel run what the state files of this host say; under a hold, what the held generation says. */
export async function reconcile(options: ReconcileOptions): Promise<Reconciliation> {
  if (options.dryRun) return reconcileOn(viewHost(options), options);
  return withHost(options, (host) => reconcileOn(host, options));
}

/** The same on an open host. While a change waits for its confirmation, only what was lost is attached again. */
export async function reconcileOn(host: Host, options: ReconcileOptions): Promise<Reconciliation> {
  const { remember, ...inputs } = await inputsFromStateFiles(host, options);
  const isWaiting = 'ask' in inputs.safeties.confirmation;
  if (isWaiting && host.lock) {
    const { reattachDuringTrial } = await import('./reattach-during-trial.js');
    const mended = await reattachDuringTrial(inputs, host.lock);
    if (mended) return mended;
  }
  const result = await converge(inputs);
  if (host.lock) remember?.();
  return result;
}

/** Makes the kernel run the target, as far as the safeties let it; without a lock it plans and proves only. */
export async function converge(asked: PassInputs): Promise<Reconciliation> {
  const inputs = withPoliciesOfThisRelease(asked);
  const seen = await look(inputs);
  const decided = decide(inputs, seen);
  using proven = await provePlan(inputs, seen, decided);
  const isWork = hasWork(inputs, decided, proven);
  if (isWork) requirePermission(inputs, seen);
  const writer = writerOf(inputs, seen);
  keepTotals(inputs, seen.observed);
  const outcome =
    isWork && writer
      ? await carryOut(inputs, seen, decided, proven, writer)
      : standStill(inputs, seen, decided);
  keepTotals(inputs, outcome.observed);
  return summarize(inputs, decided, { ...proven, warnings: [...seen.warnings, ...proven.doubts] }, outcome);
}

/** Policies that another release compiled are compiled again by this one, to ask what can be asked about connections. */
function withPoliciesOfThisRelease(inputs: PassInputs): PassInputs {
  const { place, target } = inputs;
  const { source, ...tracked } = place.machine.connectionSource(target.desired);
  const desired = rebuildPolicies(target.desired, place.store, source);
  return { ...inputs, target: { ...target, desired, ...tracked } };
}

/** Refuses `exec` probes that this host does not allow, before anything is done, and in a dry run too. */
function requirePermission({ target, safeties: { trial } }: PassInputs, { current, records }: Seen): void {
  if ('ask' in trial) requirePermittedTrial(target.desired, trial.ask, current, records);
}

/** An order of an operator against the state files is recorded as a generation even if the kernel runs it already. */
function hasWork({ target }: PassInputs, { active }: Decided, { proven }: ProvenPlan): boolean {
  const canDo = active.steps.some(({ step }) => step.kind !== 'none' && !proven.failed.has(step.interface));
  return canDo || isAgainstStateFiles(target);
}

/** Who may write, where the pass may change something. */
function writerOf({ place: { lock } }: PassInputs, { journal }: Seen): Writer | undefined {
  return lock && journal && { lock, journal };
}

/** Before the steps and after them, so that no total of packets falls because another policy counts them (decision 0136). */
function keepTotals({ place }: PassInputs, { owned }: ObservedState): void {
  if (place.lock) place.machine.rebaseTotals(place.pins, place.dataDir, owned);
}
