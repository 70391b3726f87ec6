// One pass -> its Reconciliation: what became of every step, how every interface stands, which exit code that is.
import type { Applied } from '../apply/apply.js';
import { EXIT, type ExitCode, type XdpkeepError } from '../model/errors.js';
import type { ObservedState } from '../model/observed.js';
import type { PendingReport } from '../model/pending.js';
import type {
  PacketEffects,
  Hold,
  ListChange,
  Reconciliation,
  ReportedInterface,
  ReportedStep,
  TrialReport,
} from '../model/reconciliation.js';
import type { Condition, EffectiveStep, Plan, Step } from '../model/step.js';
import type { Suspension } from '../model/suspension.js';
import { conditions, type Failure } from '../plan/conditions.js';

export interface PassResult {
  host: string;
  generation: number;
  dryRun: boolean;
  plan: Plan;
  /** Interface -> why its instance could not be loaded. */
  unproven: ReadonlyMap<string, XdpkeepError>;
  /** Interface -> which packets get another verdict there. */
  fates: ReadonlyMap<string, PacketEffects>;
  applied: Applied[];
  /** The plan and the observation after applying; those of before when nothing was applied. */
  remaining: Plan;
  /** Steps that wait for the end of a suspension, and those that are in force. */
  waiting: ReadonlySet<Step>;
  suspensions: Suspension[];
  observed: ObservedState;
  hold?: Hold;
  pending?: PendingReport;
  trial?: TrialReport;
  lists: ListChange[];
  warnings: string[];
}

export function summarize(result: PassResult): Reconciliation {
  const steps = result.plan.steps.map(({ step }) => reportStep(step, result));
  const failures = new Map<string, Failure>();
  for (const { interface: name, outcome, error } of steps) {
    const condition = outcome === 'refused' ? 'Refused' : 'Failed';
    if (error !== undefined) failures.set(name, { condition, reason: error });
  }
  const interfaces = conditions(result.remaining, result.observed, failures);
  return {
    apiVersion: 'xdpkeep/v1',
    kind: 'Reconciliation',
    host: result.host,
    generation: result.generation,
    changed: steps.some(({ outcome }) => outcome === 'planned' || outcome === 'done'),
    dryRun: result.dryRun,
    steps,
    interfaces,
    warnings: [...result.warnings, ...result.plan.warnings],
    ...(result.lists.length > 0 && { lists: result.lists }),
    ...(result.hold && { hold: result.hold }),
    ...(result.pending && { pending: result.pending }),
    ...(result.trial && { trial: result.trial }),
    ...(result.suspensions.length > 0 && { suspensions: result.suspensions }),
    exitCode: exitCodeOf(result, steps, interfaces),
  };
}

/** Where nothing can be done, that is what has to be said. */
const NO_STEP_OUTCOMES: Partial<Record<Condition, ReportedStep['outcome']>> = {
  Refused: 'refused',
  Failed: 'failed',
  Stalled: 'refused',
};

function reportStep(step: Step, { applied, unproven, fates, waiting }: PassResult): ReportedStep {
  const { interface: name, action, reason, gap } = step;
  const base = { interface: name, action, reason, gap, ...(step.drift && { drift: step.drift }) };
  if (step.kind === 'none') {
    const outcome = NO_STEP_OUTCOMES[step.condition] ?? 'unchanged';
    return { ...base, outcome, ...(step.hint !== undefined && { hint: step.hint }) };
  }
  const fate = fates.get(name);
  const shown = { ...base, ...mapsOf(step), ...(fate && { fates: fate }) };
  if (waiting.has(step)) return { ...shown, outcome: 'suspended' };
  const unloadable = unproven.get(name);
  if (unloadable) {
    const outcome = unloadable.exitCode === EXIT.refused ? 'refused' : 'failed';
    return { ...shown, outcome, ...explain(unloadable) };
  }
  const result = applied.find((one) => one.step === step);
  if (!result) return { ...shown, outcome: 'planned' };
  const outcome = result.outcome === 'stuck' ? 'failed' : result.outcome;
  const { attached } = result;
  const fellBack = attached?.fellBackBecause === undefined ? undefined : attached;
  return {
    ...shown,
    outcome,
    ...(fellBack && { attached: fellBack }),
    ...(result.error && explain(result.error)),
  };
}

function mapsOf(step: EffectiveStep): Pick<ReportedStep, 'maps'> {
  return 'instance' in step ? { maps: step.instance.maps } : {};
}

function explain(error: Error): Pick<ReportedStep, 'error' | 'hint' | 'log'> {
  const { hint, log } = error as { hint?: string; log?: string };
  return { error: error.message, ...(hint !== undefined && { hint }), ...(log !== undefined && { log }) };
}

/** The worst that happened decides; a refusal is told from a failure only when nothing failed. */
function exitCodeOf(
  { applied, hold, suspensions }: PassResult,
  steps: ReportedStep[],
  interfaces: ReportedInterface[],
): ExitCode {
  if (applied.some(({ outcome }) => outcome === 'stuck')) return EXIT.rollbackFailed;
  if (applied.some(({ outcome }) => outcome === 'undone')) return EXIT.rolledBack;
  const missing = interfaces.some(({ condition }) => condition === 'Missing');
  if (missing || steps.some(({ outcome }) => outcome === 'failed')) return EXIT.partial;
  if (steps.some(({ outcome }) => outcome === 'refused')) return EXIT.refused;
  return hold || suspensions.length > 0 ? EXIT.held : EXIT.ok;
}
