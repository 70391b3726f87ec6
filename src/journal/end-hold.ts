// Ending a hold is recorded before it is done: a hold that ends without a trace is a change nobody can explain.
import { currentGeneration } from './generations.js';
import { clearHold } from './hold.js';
import type { Journal } from './journal.js';
import type { WriterLock } from './lock.js';

export function endHold(lock: WriterLock, journal: Journal, reason: string): void {
  const generation = currentGeneration(lock.dataDir)?.number ?? 0;
  journal.append({ generation, phase: 'done', step: { kind: 'resume', reason } });
  clearHold(lock);
}
