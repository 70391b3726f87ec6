// While a change waits for its confirmation, a pass does one thing only: an interface that lost its program or its recorder (somebody
// detached it, or the interface was created again) gets the same again. This is not part of the change, so no inverse is recorded: the inverses
// of the change itself still lead back to what ran before it.
import { apply } from '../apply/apply.js';
import { asked, type PassInputs } from './inputs.js';
import { bringsBack, bringsRecorderBack } from '../journal/intents.js';
import { Journal } from '../journal/journal.js';
import type { WriterLock } from '../journal/lock.js';
import { recoverOpenIntents } from '../journal/recover-intents.js';
import { waitForDetachingLinks } from './wait-for-detaching-links.js';
import { planPass } from './plan-pass.js';
import { connectionSettings } from '../model/desired.js';
import type { Reconciliation } from '../model/reconciliation.js';
import type { Plan, PlannedStep } from '../model/step.js';
import { suspend } from '../plan/suspend.js';
import { summarize } from './result.js';
import { objectOf, readRecorder } from './recorder.js';

/** `undefined` when nothing has to be mended. */
export async function reattachDuringTrial(
  inputs: PassInputs,
  lock: WriterLock,
): Promise<Reconciliation | undefined> {
  const { place, safeties } = inputs;
  const pending = asked(safeties.confirmation);
  const suspensions = asked(safeties.suspensions);
  if (!pending || !suspensions) throw new Error('no change waits, or nobody asks what is suspended');
  const journal = Journal.open(lock);
  const before = await waitForDetachingLinks(await place.firstLook(), place, journal.records);
  const planned = planPass(inputs, before, journal.records);
  const { active, waiting } = suspend(planned, suspensions);
  const isLost = ({ step }: PlannedStep) => {
    if (step.kind === 'record') return bringsRecorderBack(journal.records, step);
    return step.kind === 'attach' && !step.takeOver && bringsBack(journal.records, step);
  };
  const steps = active.steps.filter(isLost);
  if (steps.length === 0) return undefined;
  for (const outcome of recoverOpenIntents(journal.openIntents(), before)) journal.append(outcome);
  const lost: Plan = { steps, warnings: active.warnings };
  const connections = connectionSettings(inputs.target.desired);
  const machine = {
    pinPaths: place.pins,
    store: place.store,
    observed: before,
    recorder: { read: readRecorder, connections },
    objectOf,
  };
  using proven = place.machine.prove(lost, machine);
  const { generation } = pending;
  const records = { journal, generation, restores: true };
  const applied = await apply(lock, lost, { kernel: place, records, proven, trial: { keep: true } });
  const observed = await place.observe();
  const others = planned.steps.filter(({ step }) => step.kind === 'none');
  return summarize(
    inputs,
    { planned: { ...planned, steps: [...others, ...steps] }, active: lost, waiting },
    { proven, accepted: [], warnings: [] },
    {
      generation,
      applied,
      remaining: planPass(inputs, observed, journal.records),
      observed,
      effects: new Map(),
      lists: [],
      trial: {},
    },
  );
}
