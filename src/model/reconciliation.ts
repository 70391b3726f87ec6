// The outcome of one pass, as `reconcile --output json` prints it.
import type { AttachMode, MergedEntries } from './desired.js';
import type { DriftCause } from './drift.js';
import type { ExitCode } from './errors.js';
import type { PendingReport } from './pending.js';
import type { SourceReport } from './revision.js';
import type { Action, Attachment, Condition, MapCarry } from './step.js';
import type { Suspension } from './suspension.js';

export interface ReportedStep {
  interface: string;
  action: Action;
  reason: string;
  gap: boolean;
  /** Why it is needed though nothing else is wanted than before. */
  drift?: DriftCause;
  /** `planned` in a dry run and for steps that were never reached; `suspended` for what has to wait. */
  outcome: 'planned' | 'suspended' | 'done' | 'failed' | 'undone' | 'unchanged' | 'refused';
  /** How it was attached, where that was done and it was not simply as wanted. */
  attached?: Attachment;
  /** Which maps keep their content; on attach and update only. */
  maps?: MapCarry;
  /** Where one policy is swapped for another. */
  fates?: PacketEffects;
  error?: string;
  hint?: string;
  /** The verifier's log, where that is why. */
  log?: string;
}

/** Which packets get another verdict when one policy takes the place of another. */
export interface PacketEffects {
  changes: {
    /** `pass`, `drop`, `redirect to veth-scrub, above 100 packets/s`. */
    from: string;
    to: string;
    /** The rules, or built-in rows, that decide. */
    fromRow: string;
    toRow: string;
    /** One such packet, in words. */
    example: string;
    /** All kinds of packets that differ so, that of the example first; absent for malformed frames and in earlier reports. */
    kinds?: string[];
  }[];
  /** False when there may be more changes than these. */
  complete: boolean;
}

/** Counted in ranges: what neighbouring and overlapping entries leave. */
export interface ListChange {
  name: string;
  /** Lines with an address. */
  entries: number;
  /** Of those the ones that say what others say. */
  merged?: MergedEntries;
  ranges: number;
  added: number;
  removed: number;
}

export interface ReportedInterface {
  name: string;
  ifindex?: number;
  mode?: AttachMode;
  programId?: number;
  linkId?: number;
  digest?: string;
  condition: Condition;
  reason: string;
  /** Why it does not run what it ran before; absent where it does, and for what is newly wanted. */
  drift?: DriftCause;
}

export interface Reconciliation {
  apiVersion: 'xdpkeep/v1';
  kind: 'Reconciliation';
  host: string;
  /** 0 before the first change ever. */
  generation: number;
  changed: boolean;
  dryRun: boolean;
  steps: ReportedStep[];
  interfaces: ReportedInterface[];
  warnings: string[];
  /** Lists whose content is not that of the generation before; absent when there are none. */
  lists?: ListChange[];
  /** Set while a rollback or detach keeps the state files from being applied. */
  hold?: Hold;
  /** Of `sync` alone. */
  source?: SourceReport;
  /** Set while a change waits for its confirmation. */
  pending?: PendingReport;
  /** What the safeguards of the Host file said; absent when none was asked. */
  trial?: TrialReport;
  /** Those in force; absent when there are none. */
  suspensions?: Suspension[];
  /** What the process exits with; not part of the printed document. */
  exitCode: ExitCode;
}

/** `hold.json`: desired states that were left, by an operator or as a trial ended, and are not to be brought back. */
export interface Hold {
  /** `DesiredState.written`: the hold ends when the state files say something that is none of these. */
  digests: string[];
  /** The generation whose desired state is kept instead; 0 for nothing attached. */
  generation: number;
  reason: string;
  /** ISO 8601. */
  since: string;
  /** The generation on trial that was undone; absent when an operator went back or detached everything. */
  undone?: number;
  /** What is kept is in no generation: nothing that runs is changed. */
  lost?: true;
}

export interface TrialReport {
  probes: ProbeReport[];
  /** Why the change was undone; absent when it may stay. */
  failure?: string;
  /** From the moment of that failure until the old programs decided again. Milliseconds. */
  rolledBackIn?: number;
}

export interface ProbeReport {
  /** `tcp 10.0.1.10:443` */
  probe: string;
  heldBefore: boolean;
  /** Absent when it was not asked again: it had failed before, or another one had failed already. */
  heldAfter?: boolean;
  /** Why it did not hold. */
  detail?: string;
}
