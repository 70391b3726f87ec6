// Ends a hold. The journal records it first, so that the change which follows can be explained.
import { clearHold } from './hold.js';
import type { Journal } from './journal.js';
import type { WriterLock } from './lock.js';

export function endHold(lock: WriterLock, journal: Journal, reason: string): void {
  journal.appendDone({ kind: 'resume', reason });
  clearHold(lock);
}
