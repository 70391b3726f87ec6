// The desired state of a generation, generation 0 included, and the suspension that replaces it when it is lost.
import { type DesiredState, emptyState } from '../model/desired.js';
import type { Suspension } from '../model/suspension.js';
import { withStoredPolicies } from './stored-policies.js';
import { readGeneration } from './generations.js';

/** Throws a JournalError when there is no such generation. `host` names the empty state. */
export function generationState(dataDir: string, generation: number, host: string): DesiredState {
  if (generation === 0) return emptyState(host);
  return withStoredPolicies(dataDir, readGeneration(dataDir, generation).desired);
}

/** Used when the desired state of a hold is lost: a pass then changes nothing that runs. */
export const SUSPENDED_AFTER_LOSS: Suspension = {
  reason: 'the data directory was lost while a change waited, and with it what ran before',
  by: 'xdpkeep',
  since: new Date(0).toISOString(),
  file: 'hold.json',
};
