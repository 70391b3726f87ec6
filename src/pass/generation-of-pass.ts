// Decides under which generation a pass is recorded, and ends a hold that the pass replaces.
import { effect } from '../apply/failpoint.js';
import { collectSets } from '../journal/collect-sets.js';
import { endHold } from '../journal/end-hold.js';
import { writeGeneration } from '../journal/generation-writer.js';
import type { Journal } from '../journal/journal.js';
import type { WriterLock } from '../journal/lock.js';
import { asked, type PassInputs } from './inputs.js';
import { isCurrent, type Seen } from './look.js';

/** The number of the generation. Healing drift repeats the current one; a new desired state or an order of an operator makes a new one. */
export function generationOf(
  inputs: PassInputs,
  lock: WriterLock,
  { current, records }: Pick<Seen, 'current' | 'records'>,
): number {
  const { desired, generation } = inputs.target;
  if (generation.origin === 'reconcile' && isCurrent(inputs, current)) return current.number;
  const { number } = effect('generation', () => writeGeneration(lock, { ...generation, desired }, records));
  collectSets(lock);
  return number;
}

/** Ends the hold: another state has taken the place of the one that it kept away, and stays. */
export function endHoldOf({ safeties }: PassInputs, lock: WriterLock, journal: Journal): void {
  const hold = asked(safeties.hold);
  if (hold && 'endsBecause' in hold) endHold(lock, journal, hold.endsBecause);
}
