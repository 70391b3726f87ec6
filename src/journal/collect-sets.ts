// Garbage collection of address sets: removes those that no generation names, and what was remembered about their lists. A
// damaged generation still keeps the sets that its text names.
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
