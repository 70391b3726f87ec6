// The outcome of a pass, which the report is made from together with the plan.
import type { Applied } from '../apply/apply.js';
import type { ObservedState } from '../model/observed.js';
import type { ListChange, PacketEffects, Reconciliation } from '../model/reconciliation.js';
import type { Plan } from '../model/step.js';

export interface PassOutcome {
  /** The newest one by now. */
  generation: number;
  applied: Applied[];
  /** The steps that are left after the pass, planned from `observed`. */
  remaining: Plan;
  observed: ObservedState;
  /** Interface -> which packets get another verdict there. */
  effects: ReadonlyMap<string, PacketEffects>;
  lists: ListChange[];
  /** What a change on trial left. */
  trial: Pick<Reconciliation, 'trial' | 'hold' | 'pending'>;
}
