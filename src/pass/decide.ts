// The second phase: what there is to do, which of it has to wait, and whether any of it is done at all. Nothing is loaded yet.
import { PruneGuardError } from '../model/errors.js';
import type { Plan, Step } from '../model/step.js';
import { limit } from '../plan/limit.js';
import { suspectPrune } from '../plan/prune-guard.js';
import { suspend } from '../plan/suspend.js';
import { asked, type PassInputs } from './inputs.js';
import type { Seen } from './look.js';
import { planPass } from './plan-pass.js';

export interface Decided {
  planned: Plan;
  /** What of it may be done now. */
  active: Plan;
  /** What waits for the end of a suspension. */
  waiting: ReadonlySet<Step>;
}

/** Throws what a safety throws that refuses the plan as a whole: a PruneGuardError, a StalePlanError, a SuspendedError. */
export function decide(inputs: PassInputs, { found, observed, records }: Seen): Decided {
  const { safeties } = inputs;
  const planned = planOf(inputs, observed, records);
  asked(safeties.planFile)?.(planned, found);
  const suspensions = asked(safeties.suspensions) ?? { inForce: [], except: new Set() };
  const { active, waiting } = suspend(planned, suspensions);
  const suspect = asked(safeties.pruneGuard) && suspectPrune(active, observed);
  if (suspect !== undefined) {
    throw new PruneGuardError(suspect, {
      hint: 'Nothing was changed. If it is meant, run `xdpkeep reconcile --allow-prune-all` once; to take everything away for good, `xdpkeep detach --all --reason ...`.',
    });
  }
  return { planned, active, waiting };
}

/** Of the interfaces that may be touched. */
export function planOf(inputs: PassInputs, observed: Seen['observed'], records: Seen['records']): Plan {
  const planned = planPass(inputs, observed, records);
  const { interfaces } = inputs.target;
  return interfaces === 'all' ? planned : limit(planned, interfaces);
}
