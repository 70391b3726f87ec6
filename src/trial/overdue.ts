// Ends a trial that is over and undecided: its run died, it was not confirmed in time, or the machine was rebooted. Only
// pass/open-host.ts calls this, before any change of the host, and warns about it.
import type { WriterLock } from '../journal/lock.js';
import { readTrial } from '../journal/undo-record.js';
import { bootId, monotonicNow } from '../kernel/boot.js';
import type { Pins } from '../kernel/pins.js';
import { whyOver } from '../model/pending.js';
import { undoTrial, type WrittenNow } from './revert.js';

/** Why the change was undone; `undefined` when there is no trial, or when it is not over. */
export async function endOverdueTrial(
  lock: WriterLock,
  pins: Pins,
  wanted: WrittenNow,
): Promise<string | undefined> {
  const announced = readTrial(lock.dataDir, pins);
  if (!announced) return undefined;
  const { pending } = announced;
  const reason = whyOver(pending, { boot: bootId(), now: monotonicNow() });
  if (reason === undefined) return undefined;
  await undoTrial(lock, pins, announced, reason, pending.phase === 'waiting' ? wanted : undefined);
  return reason;
}
