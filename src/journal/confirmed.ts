// Which generation counts as confirmed: the newest one that took effect and was not on trial, or has passed it.
import type { AppliedState } from '../model/history.js';
import type { Generation, JournalRecord } from '../model/record.js';
import { listGenerations } from './generation-list.js';
import { readGeneration } from './generations.js';
import { tookNoEffect } from './took-effect.js';
import { isUnconfirmed } from './trials.js';

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
 * `previous`: what the announcement of a change on trial names, 0 for nothing attached. `undefined` where there is none.
 * Throws a JournalError when it cannot be read.
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
