// The lock-out guard: refuses a change as a whole when it would end a flow that must live. Healing towards a state that was
// applied before is not asked: it was allowed then.
import { findFlows } from './flows.js';
import type { PinPaths } from '../kernel/pin-paths.js';
import { RefusedError } from '../model/errors.js';
import type { Lockout, LockoutQuestion } from '../model/flow.js';
import type { Plan } from '../model/step.js';
import { findLockouts } from './find-lockouts.js';
import type { Proven } from '../prove/prove.js';

export interface Guarded {
  /** What is cut off, one sentence each; empty unless that was accepted. */
  accepted: string[];
  /** What could not be asked about. */
  doubts: string[];
}

/** Unless it is accepted that something is cut off, no step of the plan is left that could be applied then. */
export async function guardAgainstLockout(
  plan: Plan,
  proven: Proven,
  { pinPaths, remotes, accepted }: LockoutQuestion & { pinPaths: PinPaths },
): Promise<Guarded> {
  const { flows, doubts } = await findFlows(remotes);
  const lockouts = findLockouts(plan, proven, pinPaths, flows);
  if (lockouts.length === 0 || accepted) return { accepted: lockouts.map(describe), doubts };
  const cut = new Set(lockouts.map((one) => one.interface));
  for (const { step } of plan.steps) {
    if (step.kind === 'none' || proven.failed.has(step.interface)) continue;
    const own = lockouts.filter((one) => one.interface === step.interface).map(describe);
    const others = `not done, since it would lock out ${[...cut].join(', ')}`;
    const reason = own.length > 0 ? `this would lock out: ${own.join('; ')}` : others;
    proven.failed.set(step.interface, new RefusedError(reason, { hint: HINT }));
  }
  return { accepted: [], doubts };
}

const HINT =
  'Nothing was changed. Add a rule or a `protect` entry for it, or say --accept-lockout if it may end.';

/** `veth0: this SSH session from 192.0.2.7, dropped by no-ssh (policies/edge.yaml:7)` */
function describe({ interface: name, why, how }: Lockout): string {
  return `${name}: ${why}, ${how}`;
}
