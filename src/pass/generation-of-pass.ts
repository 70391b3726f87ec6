// Which generation a pass is recorded as, and what that means for a hold that is there.
import { effect } from '../apply/failpoint.js';
import { collectSets } from '../journal/collect-sets.js';
import { endHold } from '../journal/end-hold.js';
import { writeGeneration } from '../journal/generation-writer.js';
import type { Journal } from '../journal/journal.js';
import type { WriterLock } from '../journal/lock.js';
import { asked, type PassInputs } from './inputs.js';
import { isCurrent, type Seen } from './look.js';

/** Healing drift repeats the current generation; another desired state, or an operator's word, makes a new one. Its number. */
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

/** What was on hold may come back from now on: another state took its place, and stays. */
export function endHoldOf({ safeties }: PassInputs, lock: WriterLock, journal: Journal): void {
  const hold = asked(safeties.hold);
  if (hold && 'endsBecause' in hold) endHold(lock, journal, hold.endsBecause);
}
