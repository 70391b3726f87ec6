// What proving returns and applying takes: loaded programs that are not attached.
import type { BpfObject } from '../kernel/object.js';
import type { RowAssignment } from '../model/rows.js';
import type { OpenSet } from './sets.js';

/** A loaded instance that nothing holds but this. */
export interface Candidate {
  object: BpfObject;
  /** How the rows of a policy are counted; absent for other programs. */
  rows?: RowAssignment;
  /** Large sets that the instance asks, by slot. */
  sets?: OpenSet[];
}
