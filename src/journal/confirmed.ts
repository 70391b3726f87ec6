// Finds the confirmed generation: the newest one that took effect and either was not on trial or was confirmed.
import type { AppliedState } from '../model/history.js';
import type { Generation, JournalRecord } from '../model/record.js';
import { listGenerations } from './generation-list.js';
import { readGeneration } from './generations.js';
import { tookNoEffect } from './took-effect.js';
import { isUnconfirmed } from './trials.js';

/** The summary of a generation for reports. */
export function appliedStateOf({ number, time, origin, of, reason, source }: Generation): AppliedState {
  return {
    generation: number,
    time,
    origin,
    of,
    ...(reason !== undefined && { reason }),
    ...(source && { revision: source }),
  };
}

/**
 * `previous`: the generation before a change on trial, from its announcement; 0 is the empty state; `undefined` when nothing is on trial.
 * Returns `undefined` for the empty state. Throws a JournalError when the generation cannot be read.
 */
export function confirmedGeneration(
  dataDir: string,
  records: readonly JournalRecord[],
  previous: number | undefined,
): AppliedState | undefined {
  const newest = listGenerations(dataDir).findLast(
    (number) => !isUnconfirmed(records, number) && !tookNoEffect(records, number),
  );
  const number = previous ?? newest ?? 0;
  return number === 0 ? undefined : appliedStateOf(readGeneration(dataDir, number));
}
