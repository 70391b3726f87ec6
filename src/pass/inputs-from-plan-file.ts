// The pass of `apply FILE`: it does all that the plan file says, on trial like any other change, or nothing. The plan is made again under
// the lock and compared; a plan of which a step is suspended by now is refused as a whole.
import { isHeld } from '../journal/hold.js';
import { readSuspensions } from '../journal/suspensions.js';
import { SuspendedError } from '../model/errors.js';
import type { ChangeOptions } from '../model/pass-options.js';
import type { PlanFile } from '../model/plan-file.js';
import type { Plan } from '../model/step.js';
import { whatChanged } from '../plan/subjects.js';
import { suspend } from '../plan/suspend.js';
import { stalePlan } from '../journal/plan-file.js';
import { type PassInputs, QUIETLY, type Safeties } from './inputs.js';
import { withConfirm } from './inputs-from-state-files.js';
import type { Host } from './host.js';

/** The pass throws a StalePlanError or a SuspendedError before it changes anything, when something is not as it was planned. */
export function inputsFromPlanFile(
  host: Host,
  plan: PlanFile,
  change: Pick<ChangeOptions, 'confirmWithin' | 'acceptLockout'>,
): PassInputs {
  const { desired, source, safeguards, hold, allowPrune } = plan;
  const ranBefore = 'what a hold keeps ran before';
  const { acceptLockout: accepted = false } = change;
  return {
    place: host,
    target: {
      desired,
      generation: { origin: 'reconcile', ...(source && { source }) },
      interfaces: 'all',
      retry: false,
      goNative: false,
      deep: false,
    },
    safeties: {
      confirmation: { notAsked: 'a plan is refused while a change waits' },
      hold: hold ? { ask: { keeps: hold } } : holdThatEnds(host.dataDir),
      planFile: {
        ask: (planned, found) => {
          const changed = whatChanged(plan, planned, found);
          if (changed !== undefined) throw stalePlan(`the plan is stale: ${changed}`);
          requireNotSuspended(planned, host.dataDir);
        },
      },
      suspensions: { notAsked: 'a plan of which some would have to wait is refused' },
      pruneGuard: allowPrune ? { notAsked: 'allowed as it was planned' } : pruneGuard(hold),
      lockoutGuard: hold ? { notAsked: ranBefore } : { ask: { remotes: [], accepted } },
      trial: hold
        ? { notAsked: ranBefore }
        : { ask: { safeguards: withConfirm(safeguards, change), readFrom: undefined } },
    },
    report: { ...QUIETLY, dryRun: host.lock === undefined },
  };
}

function pruneGuard(hold: PlanFile['hold']): Safeties['pruneGuard'] {
  return hold ? { notAsked: 'what a hold keeps ran before' } : { ask: true };
}

function holdThatEnds(dataDir: string): Safeties['hold'] {
  return isHeld(dataDir)
    ? { ask: { endsBecause: 'a plan was applied' } }
    : { notAsked: 'nothing is on hold' };
}

function requireNotSuspended(plan: Plan, dataDir: string): void {
  const { waiting } = suspend(plan, { inForce: readSuspensions(dataDir), except: new Set() });
  if (waiting.size === 0) return;
  const names = [...waiting].map((step) => step.interface).join(', ');
  throw new SuspendedError(`${names}: changes are suspended`, {
    hint: 'Nothing was changed. `xdpkeep status` says by whom and why; `xdpkeep resume` ends it.',
  });
}
