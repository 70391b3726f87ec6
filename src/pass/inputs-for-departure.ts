// The pass of `rollback` and `detach --all`. The operator ordered it by name for the whole host, so no safety is asked. The
// caller writes the hold that keeps the state files from coming back.
import { type PassInputs, type Origin, QUIETLY } from './inputs.js';
import type { DesiredState } from '../model/desired.js';
import type { OpenHost } from './host.js';

export function inputsForDeparture(host: OpenHost, desired: DesiredState, origin: Origin): PassInputs {
  const byName = 'an operator asked for it by name';
  return {
    place: host,
    target: { desired, generation: origin, interfaces: 'all', retry: false, goNative: false, deep: false },
    safeties: {
      confirmation: { notAsked: 'a rollback is refused while a change waits, and a detach ends that change' },
      hold: { notAsked: 'it makes a new one' },
      planFile: { notAsked: 'no plan was written down' },
      suspensions: { notAsked: byName },
      pruneGuard: { notAsked: byName },
      lockoutGuard: { notAsked: byName },
      trial: { notAsked: byName },
    },
    report: QUIETLY,
  };
}
