// The last phase of a pass that changes no program: nothing differs, nothing could be proven, or the pass has no lock. The packet tests
// of a new target are run all the same, and it becomes a generation once the kernel runs all of it.
import { sweepSets } from '../apply/sweep-sets.js';
import { diff } from '../diff/diff.js';
import { newestGeneration } from '../journal/generation-list.js';
import type { Condition } from '../model/step.js';
import type { Decided } from './decide.js';
import { endHoldOf, generationOf } from './generation-of-pass.js';
import type { PassInputs } from './inputs.js';
import { listChanges } from './list-changes.js';
import { isCurrent, type Seen } from './look.js';
import { objectOf } from './recorder.js';
import type { PassOutcome } from './outcome.js';
import { packetEffectsOf } from './packet-effects.js';

export function standStill(inputs: PassInputs, seen: Seen, { planned }: Decided): PassOutcome {
  const { place, target } = inputs;
  const { current, observed, journal } = seen;
  const { lock, dataDir } = place;
  if (!isCurrent(inputs, current)) retest(inputs, seen);
  const isDone = planned.steps.every(({ step }) => step.kind === 'none' && isInEffect(step.condition));
  const generation = lock && isDone ? generationOf(inputs, lock, seen) : newestGeneration(dataDir);
  if (lock && journal && isDone) endHoldOf(inputs, lock, journal);
  const effects = packetEffectsOf(planned, dataDir, current?.desired.lists);
  const lists = listChanges(current?.desired, target.desired);
  if (lock) sweepSets(lock, place.pins, observed);
  return { generation, applied: [], remaining: planned, observed, effects, lists, trial: {} };
}

/** A new desired state may have new packet tests although no program changes: they are run now. */
function retest({ place, target }: PassInputs, { observed }: Seen): void {
  for (const { interface: name, wanted } of diff(target.desired, observed)) {
    const program = wanted?.program;
    if (!program?.firewall) continue;
    place.machine.retestPolicy(place.pins, name, program.digest, program.firewall);
    place.machine.proveLayers(program.firewall, objectOf);
  }
}

function isInEffect(condition: Condition): boolean {
  return condition === 'Ready' || condition === 'Degraded';
}
