// What became of a pass, whether it changed anything or not: what the report is made of, beside the plan.
import type { Applied } from '../apply/apply.js';
import type { ObservedState } from '../model/observed.js';
import type { ListChange, PacketEffects, Reconciliation } from '../model/reconciliation.js';
import type { Plan } from '../model/step.js';

export interface PassOutcome {
  /** The newest one by now. */
  generation: number;
  applied: Applied[];
  /** What there is to do by now, and what that was concluded from. */
  remaining: Plan;
  observed: ObservedState;
  /** Interface -> which packets get another verdict there. */
  effects: ReadonlyMap<string, PacketEffects>;
  lists: ListChange[];
  /** What a change on trial left. */
  trial: Pick<Reconciliation, 'trial' | 'hold' | 'pending'>;
}
