// What stops a change before its first effect, whatever the state files say: it locks somebody out, or it looks like an
// accident. What an operator asks for by name (a rollback, a detach, what either keeps on hold) is not asked.
import type { Convergence } from './goal.js';
import { bringsBack } from '../journal/intents.js';
import { pinPathsOf } from '../kernel/pin-paths.js';
import { guardAgainstLockout } from '../reach/lockout-guard.js';
import { PruneGuardError } from '../model/errors.js';
import type { ObservedState } from '../model/observed.js';
import type { JournalRecord } from '../model/record.js';
import type { Plan } from '../model/step.js';
import { suspectPrune } from '../plan/prune-guard.js';
import type { Proven } from '../prove/prove.js';

/**
 * What a change ends that must live, where that was accepted. Else no step of such a change is left to be applied.
 * `records` are those of a generation that is in effect already: what it brings back was asked when it came. Empty when
 * the desired state is new.
 */
export function guardFlows(
  goal: Convergence,
  { steps, warnings }: Plan,
  proven: Proven,
  records: readonly JournalRecord[],
): Promise<string[]> {
  const fresh = steps.filter(({ step }) => !bringsBack(records, step));
  if (isByName(goal) || fresh.length === 0) return Promise.resolve([]);
  const { remotes = [], acceptLockout: accepted = false, bpffs } = goal;
  return guardAgainstLockout({ steps: fresh, warnings }, proven, {
    pinPaths: pinPathsOf(bpffs),
    remotes,
    accepted,
  });
}

/** Throws a PruneGuardError. */
export function guardPrune(goal: Convergence, planned: Plan, observed: ObservedState): void {
  if (isByName(goal) || goal.allowPrune === true) return;
  const suspect = suspectPrune(planned, observed);
  if (suspect === undefined) return;
  throw new PruneGuardError(suspect, {
    hint: 'Nothing was changed. If it is meant, run `xdpkeep reconcile --allow-prune-all` once; to take everything away for good, `xdpkeep detach --all --reason ...`.',
  });
}

function isByName({ origin, hold }: Convergence): boolean {
  return origin.origin !== 'reconcile' || hold !== undefined;
}
