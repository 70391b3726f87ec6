// A pass away from what the state files say: a rollback, or the end of everything. An operator asked for it by name, about the
// whole host, so that no safety stands in the way; the hold that he leaves is written by whoever runs it.
import { type PassInputs, type Origin, QUIETLY } from './inputs.js';
import type { DesiredState } from '../model/desired.js';
import type { OpenHost } from './host.js';

export function inputsForDeparture(host: OpenHost, desired: DesiredState, origin: Origin): PassInputs {
  const byName = 'an operator asked for it by name';
  return {
    place: host,
    target: { desired, generation: origin, interfaces: 'all', retry: false, deep: false },
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
