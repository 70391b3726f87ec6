// The second phase of a pass: makes the plan, holds back the steps of suspended interfaces, and refuses the plan as a whole where a
// safety says so. Nothing is loaded into the kernel yet.
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

/** Throws a PruneGuardError, a StalePlanError or a SuspendedError when a safety refuses the plan as a whole. */
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

/** The plan for the interfaces that the pass may touch. */
export function planOf(inputs: PassInputs, observed: Seen['observed'], records: Seen['records']): Plan {
  const planned = planPass(inputs, observed, records);
  const { interfaces } = inputs.target;
  return interfaces === 'all' ? planned : limit(planned, interfaces);
}
