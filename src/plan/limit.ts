// Limits a plan to some interfaces: all others are left as they are, whatever is wanted there.
import type { Plan } from '../model/step.js';
import { touchedBy } from './suspend.js';

/** `only`: names of interfaces. Warnings are dropped: they are about the state files, not about these interfaces. */
export function limit(plan: Plan, only: ReadonlySet<string>): Plan {
  return {
    steps: plan.steps.filter(({ step }) => only.has(step.interface) && isWhole(step, only)),
    warnings: [],
  };
}

/** Are all interfaces that the step changes in `only`? A rename changes two, and a step may lift links above its interface. */
function isWhole(step: Plan['steps'][number]['step'], only: ReadonlySet<string>): boolean {
  return (step.kind !== 'rename' || only.has(step.from)) && touchedBy(step).every((name) => only.has(name));
}
