// What we recorded: the lines of the journal and the generations that they speak of.
import type { DesiredInterface, DesiredProgram, DesiredState } from './desired.js';
import type { Revision } from './revision.js';
import type { EffectiveStep } from './step.js';

export type Phase = 'intent' | 'done' | 'failed' | 'undone' | 'confirmed';

/** What an operator did, or what became of a change as a whole: no step on an interface. */
interface OperatorStep {
  kind:
    | 'hold'
    | 'suspend'
    | 'resume'
    | 'rebase'
    | 'trial'
    | 'accept-lockout'
    | 'block'
    | 'unblock'
    | 'forget-connections';
  reason: string;
}

/** From here on, state files are those of another commit. */
interface SourceStep {
  kind: 'source';
  reason: string;
  revision: Revision;
}

/** One line of `journal.ndjson`. */
export interface JournalRecord {
  /** 1 for the first line; no gaps. */
  seq: number;
  /** SHA-256 (hex) of the line before, without its line break; 64 zeros for the first. */
  prev: string;
  /** ISO 8601, wall clock: for people. Order is `seq`. */
  time: string;
  /** boot_id: outcomes of another boot are no evidence of what the kernel runs now. */
  boot: string;
  /** Seconds since that boot, time asleep included; absent in what older releases wrote. */
  uptime?: number;
  /** Inode of the network namespace that the writer was in. */
  netns: number;
  generation: number;
  phase: Phase;
  step: EffectiveStep | OperatorStep | SourceStep;
  /** On intents: what will undo the step. */
  inverse?: EffectiveStep;
  /** On outcomes: `seq` of the intent. */
  of?: number;
  /** Why it failed, was undone, or how recovery knew. */
  note?: string;
}

/** What a writer says of a record; the journal adds the rest. */
export type JournalEntry = Omit<JournalRecord, 'seq' | 'prev' | 'time' | 'boot' | 'uptime' | 'netns'>;

/** The first place at which the journal is not what was written. `line` counts from 1. */
export interface JournalDamage {
  line: number;
  reason: string;
}

/** `generations/<n>/generation.json`. */
export interface Generation {
  number: number;
  /** ISO 8601. */
  time: string;
  /** What made it. `rollback` and `detach` name the generation whose content they are in `of`. */
  origin: 'reconcile' | 'rollback' | 'detach';
  /** The generation whose desired state this one repeats; its own number unless a rollback made it. */
  of: number;
  /** Why, in the operator's words; only for rollback and detach. */
  reason?: string;
  desired: RecordedState;
  /** The commit that it was made of; absent when its state files did not come from git. */
  source?: Revision;
}

/** A DesiredState as it is kept: its policies lie in files of their own, each once however many generations want it. */
export interface RecordedState extends Omit<DesiredState, 'interfaces'> {
  interfaces: RecordedInterface[];
  /** Digests of the large address sets in its policies: they are kept as long as a generation names them. */
  sets?: string[];
}

export interface RecordedInterface extends Omit<DesiredInterface, 'program'> {
  program: RecordedProgram;
}

export interface RecordedProgram extends Omit<DesiredProgram, 'firewall'> {
  /** SHA-256 (hex) of `objects/<sha256>.policy`; with origin `policy` only. */
  firewall?: string;
}
