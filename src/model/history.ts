// What `history` and `journal verify` print: the recorded past, summed up.
import type { Generation, JournalDamage, Phase } from './record.js';
import type { Revision } from './revision.js';
import type { StateDiff } from './state-diff.js';

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
  /** Interfaces where it was tried and could not be done, by name; absent where there are none. */
  failed?: string[];
  /** The commit that it was made of; absent when its state files did not come from git. */
  revision?: Revision;
}

/** A generation without its desired state. */
export interface GenerationSummary extends Omit<Generation, 'desired'> {
  host: string;
  /** By name. Empty for a generation whose records were lost with a damaged journal. */
  interfaces: InterfaceOutcomes[];
  /** What it changed against the one before, a few words each; absent where one of the two cannot be read. */
  changes?: string[];
}

/** What `history N` prints. */
export interface GenerationReport extends GenerationSummary {
  apiVersion: 'xdpkeep/v1';
  kind: 'Generation';
  /** The generation that it is compared with; 0 is nothing. */
  previous: number;
  /** With the packets that get another verdict; absent when the one before cannot be read. */
  diff?: Pick<StateDiff, 'hosts' | 'policies'>;
  /** Outcomes, in the order of the journal. */
  steps: RecordedStep[];
}

interface RecordedStep {
  /** ISO 8601. */
  time: string;
  phase: Phase;
  /** Absent for what is about no interface: a trial, a hold. */
  interface?: string;
  action: string;
  reason: string;
  note?: string;
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
