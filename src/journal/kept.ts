// The desired state that a generation keeps, 0 included.
import { type DesiredState, emptyState } from '../model/desired.js';
import { withFirewalls } from './firewalls.js';
import { readGeneration } from './generations.js';

/** Throws a JournalError when there is no such generation. `host` names the empty state. */
export function keptState(dataDir: string, generation: number, host: string): DesiredState {
  if (generation === 0) return emptyState(host);
  return withFirewalls(dataDir, readGeneration(dataDir, generation).desired);
}
