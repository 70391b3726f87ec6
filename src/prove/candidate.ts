// What proving returns and applying takes: loaded programs that are not attached.
import type { MapDefinition } from '../model/instance.js';
import type { RowAssignment } from '../model/rows.js';
import type { Open } from '../kernel/pinned.js';
import type { OpenSet } from './sets.js';

/** What the kernel took of an object file; gone with it, but for what was pinned. */
export interface LoadedObject extends Disposable {
  /** Of all its maps, internal ones as well. */
  maps(): MapDefinition[];
  /** The descriptor of a map of this name. */
  mapFd(name: string): number;
  /** The descriptor of its XDP program. */
  programFd(): number;
}

/** A loaded instance that nothing holds but this. */
export interface Candidate {
  object: LoadedObject;
  /** How the rows of a policy are counted; absent for other programs. */
  rows?: RowAssignment;
  /** Of a recorder whose tables are new: the map of the grace window. */
  grace?: Open;
  /** Large sets that the instance asks, by slot. */
  sets?: OpenSet[];
}
