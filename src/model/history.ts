// What `history` and `journal verify` print: the recorded past, summed up.
import type { Generation, JournalDamage } from './record.js';
import type { Revision } from './revision.js';

/** How often a step on an interface ended in which way within one generation. */
export interface InterfaceOutcomes {
  name: string;
  done: number;
  failed: number;
  undone: number;
  /** Begun, and not concluded: a run was killed and the next one has not come yet. */
  open: number;
}

/** A generation in short: which state it is, and since when. */
export interface AppliedState extends Pick<Generation, 'origin' | 'of' | 'reason'> {
  generation: number;
  /** When it was made, ISO 8601. */
  time: string;
  /** The commit that it was made of; absent when its state files did not come from git. */
  revision?: Revision;
}

/** A generation without its desired state. */
export interface GenerationSummary extends Omit<Generation, 'desired'> {
  host: string;
  /** By name. Empty for a generation whose records were lost with a damaged journal. */
  interfaces: InterfaceOutcomes[];
}

export interface History {
  apiVersion: 'xdpkeep/v1';
  kind: 'History';
  /** The highest number; 0 before the first change ever. */
  generation: number;
  /** Oldest first; those that cannot be read are missing. */
  generations: GenerationSummary[];
}

export interface JournalVerification {
  apiVersion: 'xdpkeep/v1';
  kind: 'JournalVerification';
  sound: boolean;
  /** Records whose chain is unbroken, from the first on. */
  records: number;
  damage?: JournalDamage;
  /** Bytes of a last line that is not finished: being written, or left by a crash. No damage. */
  tornBytes?: number;
}

export interface JournalRepair {
  apiVersion: 'xdpkeep/v1';
  kind: 'JournalRepair';
  repaired: boolean;
  /** What was wrong; absent when nothing was. */
  damage?: JournalDamage;
  /** Path of the damaged journal, or of the unfinished line; absent when nothing was left to keep. */
  keptAs?: string;
}
