// The steps of a plan from one wanted and one observed state, for tests that compare steps as a whole.
import { diff } from '../../src/diff/diff.js';
import { findRenames, withRename } from '../../src/diff/renames.js';
import type { DesiredState } from '../../src/model/desired.js';
import type { ObservedState } from '../../src/model/observed.js';
import type { Step } from '../../src/model/step.js';
import type { Past, PlanContext } from '../../src/plan/context.js';
import { plan } from '../../src/plan/plan.js';
import { nic, NOTHING_BEFORE, observed, ours, owned } from '../support/states.js';

interface Given extends Partial<Pick<PlanContext, 'definitions'>> {
  past?: Partial<Past>;
}

export function steps(want: DesiredState, found: ObservedState, { past, ...given }: Given = {}): Step[] {
  const renames = findRenames(want, found);
  const have = renames.reduce(withRename, found);
  const context = { definitions: new Map(), ...given, observed: have, past: { ...NOTHING_BEFORE, ...past } };
  return plan(want, diff(want, have), context, renames).steps.map(({ step }) => step);
}

export const none = { kind: 'none', action: 'none', gap: false } as const;

/** ens5 runs our link; `change`: of what is pinned for it. */
export const running = (change = {}) => observed([nic('ens5', 3, ours())], [owned('ens5', change)]);

/** Its link is on another interface than the one of its name. */
export const elsewhere = { link: { id: 20, programId: 10, ifindex: 9 } };
