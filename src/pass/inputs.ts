// The inputs of a pass: the host, the target, the safeties and what goes into the report. Each kind of pass states for every safety
// whether it is asked or why not; leaving one out does not compile. Only the files inputs-*.ts make inputs.
import type { Tracking } from '../model/connections.js';
import type { DesiredState } from '../model/desired.js';
import type { ObservedState } from '../model/observed.js';
import type { PendingReport } from '../model/pending.js';
import type { Progress } from '../model/progress.js';
import type { Hold } from '../model/reconciliation.js';
import type { Generation } from '../model/record.js';
import type { Plan } from '../model/step.js';
import type { SuspensionQuestion } from '../model/suspension.js';
import type { LockoutQuestion } from '../model/flow.js';
import type { TrialQuestion } from '../model/safeguards.js';
import type { Host } from './host.js';

export interface PassInputs {
  /** Without its lock the pass plans and proves, and changes nothing. */
  place: Host;
  target: Target;
  safeties: Safeties;
  report: ReportInputs;
}

export interface Target {
  desired: DesiredState;
  /** What is written into the generation, should one be made. */
  generation: Origin;
  /** Those that may be touched, by name. */
  interfaces: 'all' | ReadonlySet<string>;
  /** Try again what failed lately, and heal what was healed too often. */
  retry: boolean;
  /** Make the links anew in native mode where `auto` fell back to generic? Frames pass undecided meanwhile, so that somebody has to ask for it. */
  goNative: boolean;
  /** Compare what the kernel holds with what it should hold, and do not go by names. */
  deep: boolean;
  /** What conntrack is good for here; absent where the tables are all that is asked about connections. */
  tracking?: Tracking;
}

/** `of`: the generation whose content is repeated; absent for new content. */
export type Origin = Pick<Generation, 'origin'> & Partial<Pick<Generation, 'of' | 'reason' | 'source'>>;

/** A question that is asked, or the reason why it is not. */
export type Safety<Question> = { ask: Question } | { notAsked: string };

/** In the order in which they are asked. */
export interface Safeties {
  /** Does another change wait for its confirmation? Then what ran before it stays pinned. */
  confirmation: Safety<PendingReport>;
  /** Is something on hold? */
  hold: Safety<HoldFound>;
  /** Is the plan still the one that was written down? Throws when it is not. */
  planFile: Safety<(planned: Plan, found: ObservedState) => void>;
  /** Which steps have to wait? */
  suspensions: Safety<SuspensionQuestion>;
  /** Does the plan detach what looks like an accident? */
  pruneGuard: Safety<true>;
  /** Does the plan end a flow that must live? */
  lockoutGuard: Safety<LockoutQuestion>;
  /** What has the change to stand before it stays? */
  trial: Safety<TrialQuestion>;
}

/** The hold keeps the target in place of the state files, or it ends once the target is in effect. */
type HoldFound = { keeps: Hold } | { endsBecause: string };

export interface ReportInputs {
  dryRun: boolean;
  /** Warnings from reading the target. */
  warnings: readonly string[];
  /** Told while programs are proven. */
  progress: Progress | undefined;
}

/** The question, where it is asked. */
export function asked<Question>(safety: Safety<Question>): Question | undefined {
  return 'ask' in safety ? safety.ask : undefined;
}

/** Did an operator order it against the state files? */
export function isAgainstStateFiles({ generation }: Target): boolean {
  return generation.origin !== 'reconcile';
}

/** The hold that keeps the target. */
export function holdThatKeeps({ hold }: Safeties): Hold | undefined {
  const found = asked(hold);
  return found && 'keeps' in found ? found.keeps : undefined;
}

/** No dry run, no warnings, no progress. */
export const QUIETLY: ReportInputs = { dryRun: false, warnings: [], progress: undefined };
