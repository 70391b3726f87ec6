// A plan for some interfaces alone: what is not named is left as it is, whatever is wanted there.
import type { Plan } from '../model/step.js';
import { touchedBy } from './suspend.js';

/** `only`: names. Warnings are about the state files, which nobody asked about: they are left out. */
export function limit(plan: Plan, only: ReadonlySet<string>): Plan {
  return {
    steps: plan.steps.filter(({ step }) => only.has(step.interface) && isWhole(step, only)),
    warnings: [],
  };
}

/** A rename belongs to two names, and so does a step that takes links off above its interface. */
function isWhole(step: Plan['steps'][number]['step'], only: ReadonlySet<string>): boolean {
  return (step.kind !== 'rename' || only.has(step.from)) && touchedBy(step).every((name) => only.has(name));
}
