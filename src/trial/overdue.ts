// A trial that is over, and that nobody has decided: the run that made it died, nobody confirmed it in time, or the machine was
// rebooted. Whoever may change a host ends it first, and must say so: pass/open-host.ts does both, and nobody else may call this.
import type { WriterLock } from '../journal/lock.js';
import { readTrial } from '../journal/undo-record.js';
import { bootId, monotonicNow } from '../kernel/boot.js';
import type { Pins } from '../kernel/pins.js';
import { whyOver } from '../model/pending.js';
import { undoTrial, type WrittenNow } from './revert.js';

/** Why it was undone; `undefined` when there is none, or when it goes on. */
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
