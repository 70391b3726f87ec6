// Ends a hold. The journal records it first, so that it explains the change that follows.
import { clearHold } from './hold.js';
import type { Journal } from './journal.js';
import type { WriterLock } from './lock.js';

/** `reason`: who ended it and why. Throws a JournalError. */
export function endHold(lock: WriterLock, journal: Journal, reason: string): void {
  journal.appendDone({ kind: 'resume', reason });
  clearHold(lock);
}
