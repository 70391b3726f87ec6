// Garbage collection of address sets: removes the stored sets that no generation refers to, and the cache of their lists. It searches
// the text of generations for digests, so that a damaged generation still keeps its sets.
import { DiskObjectStore } from '../disk/object-store.js';
import { readIfThere } from '../disk/read.js';
import { listGenerations } from './generation-list.js';
import type { WriterLock } from './lock.js';
import { generationFile } from './paths.js';

/** Call it only after the current desired state was written as a generation. Throws a JournalError. */
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
