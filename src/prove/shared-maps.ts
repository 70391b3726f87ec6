// Maps that the instances of one plan share: each is opened or made once.
import type { SharedConnections } from './egress.js';
import type { SharedRing } from './ring.js';
import type { SetMaps } from './sets.js';

export interface SharedMaps {
  readonly setMaps: SetMaps;
  readonly ring: SharedRing;
  readonly connections: SharedConnections;
}
