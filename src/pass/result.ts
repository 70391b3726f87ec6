// Makes the Reconciliation of a pass: the outcome of every step, the condition of every interface, and the exit code.
import type { Applied } from '../apply/apply.js';
import { EXIT, type ExitCode, type XdpkeepError } from '../model/errors.js';
import type {
  PacketEffects,
  Reconciliation,
  ReportedInterface,
  ReportedStep,
} from '../model/reconciliation.js';
import type { Condition, EffectiveStep, Step } from '../model/step.js';
import { conditions, type Failure } from '../plan/conditions.js';
import type { Proven } from '../prove/prove.js';
import type { Decided } from './decide.js';
import { asked, holdThatKeeps, type PassInputs } from './inputs.js';
import type { PassOutcome } from './outcome.js';

/** What could not be loaded, what was accepted, and what the phases have to tell. */
export interface Findings {
  proven: Pick<Proven, 'failed'>;
  /** Flows that are cut off; one sentence each. */
  accepted: readonly string[];
  warnings: readonly string[];
}

export function summarize(
  inputs: PassInputs,
  { planned, waiting }: Decided,
  { proven, accepted, warnings }: Findings,
  outcome: PassOutcome,
): Reconciliation {
  const { safeties, report, target } = inputs;
  const { applied, effects, trial } = outcome;
  const become = { applied, unproven: proven.failed, effects, waiting };
  const steps = planned.steps.map(({ step }) => reportStep(step, become));
  const failures = new Map<string, Failure>();
  for (const { interface: name, outcome: became, error } of steps) {
    const condition = became === 'refused' ? 'Refused' : 'Failed';
    if (error !== undefined) failures.set(name, { condition, reason: error });
  }
  const interfaces = conditions(outcome.remaining, outcome.observed, failures);
  const hold = trial.hold ?? holdThatKeeps(safeties);
  const pending = trial.pending ?? asked(safeties.confirmation);
  const suspensions = asked(safeties.suspensions)?.inForce ?? [];
  return {
    apiVersion: 'xdpkeep/v1',
    kind: 'Reconciliation',
    host: target.desired.host,
    generation: outcome.generation,
    changed: steps.some((one) => one.outcome === 'planned' || one.outcome === 'done'),
    dryRun: report.dryRun,
    steps,
    interfaces,
    warnings: [
      ...[...report.warnings, ...warnings],
      ...accepted.map((one) => `accepted: this locks out ${one}`),
      ...planned.warnings,
    ],
    ...(outcome.lists.length > 0 && { lists: outcome.lists }),
    ...(hold && { hold }),
    ...(pending && { pending }),
    ...(trial.trial && { trial: trial.trial }),
    ...(suspensions.length > 0 && { suspensions: [...suspensions] }),
    exitCode: exitCodeOf(applied, steps, interfaces, hold !== undefined || suspensions.length > 0),
  };
}

/** The outcome that a step without an effect reports, by the condition of its interface. */
const NO_STEP_OUTCOMES: Partial<Record<Condition, ReportedStep['outcome']>> = {
  Refused: 'refused',
  Failed: 'failed',
  Stalled: 'refused',
};

/** What became of steps. */
interface Become {
  applied: readonly Applied[];
  /** Interface -> why its instance could not be loaded. */
  unproven: ReadonlyMap<string, XdpkeepError>;
  /** Interface -> which packets get another verdict there. */
  effects: ReadonlyMap<string, PacketEffects>;
  waiting: ReadonlySet<Step>;
}

function reportStep(step: Step, { applied, unproven, effects, waiting }: Become): ReportedStep {
  const { interface: name, action, reason, gap } = step;
  const base = { interface: name, action, reason, gap, ...(step.drift && { drift: step.drift }) };
  if (step.kind === 'none') {
    const outcome = NO_STEP_OUTCOMES[step.condition] ?? 'unchanged';
    return { ...base, outcome, ...(step.hint !== undefined && { hint: step.hint }) };
  }
  const fate = effects.get(name);
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

/** The worst outcome decides. A failure hides a refusal. */
function exitCodeOf(
  applied: readonly Applied[],
  steps: ReportedStep[],
  interfaces: ReportedInterface[],
  isHeld: boolean,
): ExitCode {
  if (applied.some(({ outcome }) => outcome === 'stuck')) return EXIT.rollbackFailed;
  if (applied.some(({ outcome }) => outcome === 'undone')) return EXIT.rolledBack;
  const missing = interfaces.some(({ condition }) => condition === 'Missing');
  if (missing || steps.some(({ outcome }) => outcome === 'failed')) return EXIT.partial;
  if (steps.some(({ outcome }) => outcome === 'refused')) return EXIT.refused;
  return isHeld ? EXIT.held : EXIT.ok;
}
