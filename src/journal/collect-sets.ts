// Address sets that no generation names any more are removed, and what was remembered of lists that led to them.
// A generation counts by its text: one that is damaged still keeps what it names.
import { DiskObjectStore } from '../disk/object-store.js';
import { readIfThere } from '../disk/read.js';
import { listGenerations } from './generation-list.js';
import type { WriterLock } from './lock.js';
import { generationFile } from './paths.js';

/** To be called when what is wanted now is in a generation. */
export function collectSets(lock: WriterLock): void {
  lock.assertHeld();
  const store = new DiskObjectStore(lock.dataDir);
  const unnamed = new Set(store.sets());
  for (const number of listGenerations(lock.dataDir).reverse()) {
    if (unnamed.size === 0) break;
    const text = readIfThere(generationFile(lock.dataDir, number));
    for (const digest of unnamed) if (text?.includes(digest)) unnamed.delete(digest);
  }
  store.removeSets(unnamed);
  store.removeTexts();
}
