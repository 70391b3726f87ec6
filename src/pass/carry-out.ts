// The last phase of a pass that changes something: applies the steps, on trial where the Host file asks for one, and observes the
// kernel once more for the report.
import { apply, type Applied } from '../apply/apply.js';
import { deferSignals } from '../apply/defer-signals.js';
import { sweepSets } from '../apply/sweep-sets.js';
import { newestGeneration } from '../journal/generation-list.js';
import { attachedFrom } from '../journal/intents.js';
import type { Writer } from '../journal/journal.js';
import { beginTrial } from '../trial/begin.js';
import { type Decided, planOf } from './decide.js';
import { endHoldOf, generationOf } from './generation-of-pass.js';
import { asked, type PassInputs } from './inputs.js';
import { listChanges } from './list-changes.js';
import type { Seen } from './look.js';
import type { PassOutcome } from './outcome.js';
import { packetEffectsOf } from './packet-effects.js';
import type { ProvenPlan } from './prove-plan.js';

export async function carryOut(
  inputs: PassInputs,
  seen: Seen,
  decided: Decided,
  proven: ProvenPlan,
  writer: Writer,
): Promise<PassOutcome> {
  const { place, target } = inputs;
  const { lock, journal } = writer;
  const { applied, trial } = await deferSignals(() => applyOnTrial(inputs, seen, decided, proven, writer));
  const stays = !trial.hold && !trial.pending && applied.some(({ outcome }) => outcome === 'done');
  if (stays) endHoldOf(inputs, lock, journal);
  const looking = place.observe();
  // These are for the report alone, and are computed while bpftool runs.
  const effects = packetEffectsOf(decided.planned, place.dataDir, seen.current?.desired.lists);
  const lists = listChanges(seen.current?.desired, target.desired);
  const observed = await looking;
  sweepSets(lock, place.pins, observed);
  const remaining = planOf(withTrial(inputs, trial), observed, journal.records);
  const generation = newestGeneration(place.dataDir);
  return { generation, applied, remaining, observed, effects, lists, trial };
}

async function applyOnTrial(
  inputs: PassInputs,
  seen: Seen,
  { active, waiting }: Decided,
  { proven, accepted }: ProvenPlan,
  { lock, journal }: Writer,
): Promise<{ applied: Applied[]; trial: PassOutcome['trial'] }> {
  const { place, target, safeties } = inputs;
  const { current, observed, records } = seen;
  const steps = active.steps.filter(({ step }) => !proven.failed.has(step.interface));
  const from = attachedFrom(records, observed.boot);
  const unknown = observed.owned.some(({ name, link }) => link && !from.has(name));
  const question = asked(safeties.trial);
  const before = { generation: current, unknown };
  const change = { desired: target.desired, before, plan: { ...active, steps }, inPart: waiting.size > 0 };
  const begun = question && (await beginTrial({ lock, journal }, place, question, change));
  const number = generationOf(inputs, lock, seen);
  if (accepted.length > 0) {
    const step = { kind: 'accept-lockout', reason: accepted.join('; ') } as const;
    journal.append({ generation: number, phase: 'done', step });
  }
  const context = { kernel: place, records: { journal, generation: number }, proven };
  const applied = begun
    ? await begun.run(number, (trial) => apply(lock, active, { ...context, trial }))
    : await apply(lock, active, context);
  return { applied, trial: begun?.outcome() ?? {} };
}

/** While the change waits for its confirmation, the former programs stay pinned. */
function withTrial(inputs: PassInputs, { pending }: PassOutcome['trial']): PassInputs {
  return pending ? { ...inputs, safeties: { ...inputs.safeties, confirmation: { ask: pending } } } : inputs;
}
