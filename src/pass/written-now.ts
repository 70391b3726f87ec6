// The digest of what the state files want now, for a hold that keeps it from being applied.
import { loadHost } from '../desired/load.js';
import { DiskObjectStore, MemoryObjectStore } from '../disk/object-store.js';
import { XdpkeepError } from '../model/errors.js';
import type { Place } from '../model/pending.js';

/** `DesiredState.written`; empty when the state files are invalid, since an invalid state is never applied. */
export async function writtenNow(place: Place, dataDir: string): Promise<string[]> {
  try {
    const store = new MemoryObjectStore(new DiskObjectStore(dataDir));
    return [(await loadHost({ ...place, store })).desired.written];
  } catch (error) {
    if (error instanceof XdpkeepError) return [];
    throw error;
  }
}
