// The third phase of a pass: loads what the plan brings in, runs its packet tests in the kernel, and asks whether protected flows still
// pass. Nothing is attached yet.
import { bringsBack } from '../journal/intents.js';
import { connectionSettings } from '../model/desired.js';
import type { Plan } from '../model/step.js';
import type { Proven } from '../prove/prove.js';
import type { Guarded } from '../reach/lockout-guard.js';
import type { Decided } from './decide.js';
import { asked, type PassInputs } from './inputs.js';
import { objectOf, readRecorder } from './recorder.js';
import { isCurrent, type Seen } from './look.js';

export interface ProvenPlan extends Guarded, Disposable {
  proven: Proven;
}

/** Dispose of it after applying. `failed` holds what could not be loaded and what would lock somebody out. */
export async function provePlan(inputs: PassInputs, seen: Seen, { active }: Decided): Promise<ProvenPlan> {
  const { place, report, target } = inputs;
  const { observed } = seen;
  const { progress } = report;
  const connections = connectionSettings(target.desired);
  const base = {
    pinPaths: place.pins,
    store: place.store,
    observed,
    recorder: { read: readRecorder, connections },
    objectOf,
  };
  const context = { ...base, ...(progress && { progress }) };
  const proven = place.machine.prove(active, context);
  try {
    const guarded = await guardFlows(inputs, seen, active, proven);
    return {
      proven,
      ...guarded,
      [Symbol.dispose]: () => {
        proven[Symbol.dispose]();
      },
    };
  } catch (error) {
    proven[Symbol.dispose]();
    throw error;
  }
}

/** Programs of the generation in effect passed the lock-out guard when they were first applied. */
async function guardFlows(
  inputs: PassInputs,
  { current, records }: Seen,
  { steps, warnings }: Plan,
  proven: Proven,
): Promise<Guarded> {
  const question = asked(inputs.safeties.lockoutGuard);
  const known = isCurrent(inputs, current) ? records : [];
  const fresh = steps.filter(({ step }) => !bringsBack(known, step));
  if (!question || fresh.length === 0) return { accepted: [], doubts: [] };
  return inputs.place.machine.guardAgainstLockout({ steps: fresh, warnings }, proven, {
    pinPaths: inputs.place.pins,
    ...question,
  });
}
