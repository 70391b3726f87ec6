// What the state files want at this moment, for those who keep it from coming into effect by itself.
import { loadHost } from '../desired/load.js';
import { DiskObjectStore, MemoryObjectStore } from '../disk/object-store.js';
import { XdpkeepError } from '../model/errors.js';
import type { Place } from '../model/pending.js';

/** `DesiredState.written`; empty when the state files cannot be used: what nobody can read, nobody applies. */
export async function writtenNow(place: Place, dataDir: string): Promise<string[]> {
  try {
    const store = new MemoryObjectStore(new DiskObjectStore(dataDir));
    return [(await loadHost({ ...place, store })).desired.written];
  } catch (error) {
    if (error instanceof XdpkeepError) return [];
    throw error;
  }
}
