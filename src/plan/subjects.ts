// Records what a plan file depends on, and decides whether that changed (a stale plan). Steps and subjects are compared as canonical
// JSON: any difference makes the plan stale, relevant or not.
import { canonicalJson } from '../text/canonical-json.js';
import type { ObservedState } from '../model/observed.js';
import type { PlanFile, PlanSubject } from '../model/plan-file.js';
import type { EffectiveStep, Plan, PlannedStep, Step } from '../model/step.js';

/** The observed state of the interfaces of all steps, both names of a rename included; sorted by name. */
export function subjectsOf({ steps }: Plan, { interfaces, owned }: ObservedState): PlanSubject[] {
  const names = steps.flatMap(({ step }) => [step.interface, ...(step.kind === 'rename' ? [step.from] : [])]);
  return [...new Set(names)].sort().map((name) => {
    const seen = interfaces.find((one) => one.name === name);
    const ours = owned.find((one) => one.name === name);
    return {
      name,
      ...(seen && { interface: { name, ifindex: seen.ifindex, xdp: seen.xdp } }),
      ...(ours && { owned: ours }),
    };
  });
}

/** The steps as a plan file stores them: without the programs. */
export function bareSteps({ steps }: Plan): PlannedStep[] {
  return steps.map(({ step, inverse }) => ({ step: bare(step), ...(inverse && { inverse: bare(inverse) }) }));
}

function bare<S extends Step | EffectiveStep>(step: S): S {
  if (!('instance' in step)) return step;
  const instance = { ...step.instance };
  delete instance.program;
  return { ...step, instance };
}

/** The first difference from what was planned, as one phrase; `undefined` when there is none. */
export function whatChanged(
  planned: Pick<PlanFile, 'steps' | 'subjects'>,
  now: Plan,
  observed: ObservedState,
): string | undefined {
  const subjects = subjectsOf(now, observed);
  for (const then of planned.subjects) {
    const changed = subjectChanged(
      then,
      subjects.find(({ name }) => name === then.name) ?? { name: then.name },
    );
    if (changed !== undefined) return `${then.name}: ${changed}`;
  }
  const added = subjects.find(({ name }) => !planned.subjects.some((then) => then.name === name));
  if (added) return `${added.name} is there, and was not`;
  if (!same(planned.steps, bareSteps(now))) return 'what would be done now is not what was planned';
  return undefined;
}

function subjectChanged(then: PlanSubject, now: PlanSubject): string | undefined {
  const [before, after] = [then.interface, now.interface];
  if (!before !== !after) return after ? 'the interface is there, and was not' : 'the interface is gone';
  if (before && after && before.ifindex !== after.ifindex)
    return `the interface was made anew: ifindex ${before.ifindex} then, ${after.ifindex} now`;
  if (!same(before?.xdp, after?.xdp)) return `its XDP programs were ${list(before)}, and are ${list(after)}`;
  return same(then.owned, now.owned) ? undefined : 'what is pinned for it has changed';
}

function list(interface_: PlanSubject['interface']): string {
  const words = interface_?.xdp.map(({ programId, mode }) => `${programId} (${mode})`) ?? [];
  return words.join(', ') || 'none';
}

function same(a: unknown, b: unknown): boolean {
  return canonicalJson(a ?? null) === canonicalJson(b ?? null);
}
