// The outcome of one pass, as `reconcile --output json` prints it.
import type { AttachMode } from './desired.js';
import type { ExitCode } from './errors.js';
import type { Action, Condition, MapCarry } from './step.js';

export interface ReportedStep {
  interface: string;
  action: Action;
  reason: string;
  gap: boolean;
  /** `planned` in a dry run and for steps that were never reached. */
  outcome: 'planned' | 'done' | 'failed' | 'undone' | 'unchanged' | 'refused';
  /** Which maps keep their content; on attach and update only. */
  maps?: MapCarry;
  error?: string;
  hint?: string;
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
  /** Set while a rollback or detach keeps the state files from being applied. */
  hold?: Hold;
  /** What the process exits with; not part of the printed document. */
  exitCode: ExitCode;
}

/** `hold.json`: the desired state `digest` is not to be brought back. */
export interface Hold {
  /** Digest of the desired state that was left; the hold ends when the state files want something else. */
  digest: string;
  /** The generation that is kept instead. */
  generation: number;
  reason: string;
  /** ISO 8601. */
  since: string;
}
