// Ending a hold is recorded before it is done: a hold that ends without a trace is a change nobody can explain.
import { clearHold } from './hold.js';
import type { Journal } from './journal.js';
import type { WriterLock } from './lock.js';

export function endHold(lock: WriterLock, journal: Journal, reason: string): void {
  journal.appendDone({ kind: 'resume', reason });
  clearHold(lock);
}
