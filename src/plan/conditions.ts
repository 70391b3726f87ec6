// The condition of each interface after planning: the rows of `status` and of a reconciliation.
import { linkStateOf } from '../diff/link-state.js';
import { type ObservedState, runningInstance } from '../model/observed.js';
import type { ReportedInterface } from '../model/reconciliation.js';
import type { Condition, Plan, Step } from '../model/step.js';

/** Why a planned step was not done. */
export interface Failure {
  condition: Extract<Condition, 'Failed' | 'Refused'>;
  reason: string;
}

/**
 * One row per interface that is wanted or owned. A step that is still to be done means `Drifted` when it heals drift, else `Pending`.
 * Where it was tried and failed, `failures` (by interface) has the condition.
 */
export function conditions(
  plan: Plan,
  observed: ObservedState,
  failures: ReadonlyMap<string, Failure>,
): ReportedInterface[] {
  return rowsOf(plan)
    .map(({ step }) => row(step, observed, failures.get(step.interface)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Kinds of steps that may stand beside another one of their interface. */
const BESIDE: readonly Step['kind'][] = ['record', 'retime', 'forget'];

/** One step for each interface: a rename has the row of its interface, and recording that of what else is to be done there. */
function rowsOf({ steps }: Plan): Plan['steps'] {
  const rows = new Map<string, Plan['steps'][number]>();
  for (const one of steps.filter(({ step }) => step.kind !== 'rename')) {
    const { step } = one;
    const other = rows.get(step.interface)?.step;
    const isBeside = BESIDE.includes(step.kind);
    if (!other || (isBeside ? other.kind === 'none' : step.kind !== 'none')) rows.set(step.interface, one);
  }
  return [...rows.values()];
}

function row(step: Step, observed: ObservedState, failure: Failure | undefined): ReportedInterface {
  const interface_ = observed.interfaces.find(({ name }) => name === step.interface);
  const owned = observed.owned.find(({ name }) => name === step.interface);
  const now = linkStateOf(interface_, owned);
  const base = { name: step.interface, ...(interface_ && { ifindex: interface_.ifindex }) };
  const shown =
    step.kind === 'none'
      ? { condition: step.condition, reason: step.reason, ...(step.drift && { drift: step.drift }) }
      : {
          ...(failure ?? { condition: step.drift ? 'Drifted' : 'Pending', reason: step.reason }),
          ...(step.drift && { drift: step.drift }),
        };
  if (now.kind !== 'attached') return { ...base, ...shown };
  const instance = owned && runningInstance(owned);
  return {
    ...base,
    mode: now.attachment.mode,
    programId: now.link.programId,
    linkId: now.link.id,
    ...(instance && { digest: instance.digest }),
    ...shown,
  };
}
