// Removes the steps of suspended interfaces from a plan. A rename has two names: if either is suspended, the rename and the steps that
// depend on it wait. A step that lifts links waits while one of their interfaces is suspended.
import { type Suspension, type SuspensionQuestion, suspends } from '../model/suspension.js';
import type { Plan, Step } from '../model/step.js';

export interface Suspended {
  /** The steps that may be done. */
  active: Plan;
  /** The steps that have to wait; steps without an effect are not among them. */
  waiting: ReadonlySet<Step>;
}

export function suspend(plan: Plan, { inForce, except }: SuspensionQuestion): Suspended {
  const names = suspendedNames(plan, inForce);
  for (const name of except) names.delete(name);
  const waits = (step: Step) => step.kind !== 'none' && touchedBy(step).some((name) => names.has(name));
  return {
    active: { ...plan, steps: plan.steps.filter(({ step }) => !waits(step)) },
    waiting: new Set(plan.steps.map(({ step }) => step).filter(waits)),
  };
}

/** Interfaces whose attachment the step changes. */
export function touchedBy(step: Step): string[] {
  const lifts = 'lifts' in step ? (step.lifts ?? []) : [];
  return [step.interface, ...lifts.map(({ interface: name }) => name)];
}

function suspendedNames({ steps }: Plan, suspensions: readonly Suspension[]): Set<string> {
  const pairs = steps.map(({ step }) => [step.interface, ...(step.kind === 'rename' ? [step.from] : [])]);
  const names = new Set(pairs.flat().filter((name) => suspensions.some((one) => suspends(one, name))));
  for (let before = -1; before !== names.size;) {
    before = names.size;
    for (const pair of pairs)
      if (pair.some((name) => names.has(name))) for (const name of pair) names.add(name);
  }
  return names;
}
