// Brings the maps of blocked sources up to date before anything is planned: removes blocks that have ended, restores maps that were
// lost, and makes one for each new interface. This comes first because an interface with such a map is planned to run a program
// that looks sources up in it.
import { holdBlocks } from '../apply/fill-block-map.js';
import { lackBlockMaps, lostBlockMap, withBlockMaps } from '../diff/block-maps.js';
import { findRenames } from '../diff/renames.js';
import { refreshBlocks } from '../journal/block-writer.js';
import { readStoredBlocks, type StoredBlock } from '../journal/blocks.js';
import { unexpired } from '../journal/expiry.js';
import type { Journal } from '../journal/journal.js';
import { BLOCKS } from '../kernel/pin-paths.js';
import { type BlockEntry, concerns } from '../model/blocks.js';
import { JournalError } from '../model/errors.js';
import { hitsMap, type ObservedMap, type ObservedState } from '../model/observed.js';
import { tabulateBlocks } from '../policy/compile/block-table.js';
import type { Target } from './inputs.js';
import type { Host } from './host.js';

interface Brought {
  observed: ObservedState;
  /** Of a damaged file. */
  warnings: string[];
}

/** The observed state with all blocks in force. Without a journal nothing is changed, and the state is what a pass would bring about. */
export function bringBlocks(
  { lock, pins, dataDir }: Pick<Host, 'lock' | 'pins' | 'dataDir'>,
  journal: Journal | undefined,
  { desired, interfaces }: Pick<Target, 'desired' | 'interfaces'>,
  found: ObservedState,
): Brought {
  const writer = lock && journal && { lock, journal };
  const renames = findRenames(desired, found);
  const names = new Map(renames.map(({ from, to }) => [from, to]));
  try {
    const stored = writer
      ? refreshBlocks(writer.lock, names, writer.journal)
      : unexpired(readStoredBlocks(dataDir));
    if (writer) {
      for (const one of found.owned) {
        const entries = entriesFor(names.get(one.name) ?? one.name, stored);
        if (one.blocks) holdBlocks(writer.lock, pins, one.name, entries, { hits: hitsMap(one) });
      }
    }
    // Pins that will move are left alone: the next pass finds them where they belong.
    const unmoved = renames.length > 0 ? [] : lackBlockMaps(desired, found, stored);
    const lacking = unmoved.filter((name) => interfaces === 'all' || interfaces.has(name));
    const make = (name: string): ObservedMap => {
      if (!writer) return PLANNED;
      const owned = found.owned.find((one) => one.name === name);
      const maps = { lost: lostBlockMap(owned), hits: hitsMap(owned) };
      return holdBlocks(writer.lock, pins, name, entriesFor(name, stored), maps);
    };
    const maps = new Map(lacking.map((name) => [name, make(name)]));
    return { observed: withBlockMaps(found, maps), warnings: [] };
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    return { observed: found, warnings: [`blocks stay as the kernel has them: ${error.message}`] };
  }
}

/** Stands for a map that a pass would make. */
const PLANNED: ObservedMap = {
  name: BLOCKS,
  id: 0,
  type: 0,
  keySize: 0,
  valueSize: 0,
  maxEntries: 0,
  flags: 0,
};

const SECOND = 1e9;

/** What the map of an interface is to hold. Ends are those of this boot. */
export function entriesFor(name: string, stored: readonly StoredBlock[]): BlockEntry[] {
  const own = stored.filter((block) => concerns(block, name));
  return tabulateBlocks(
    own.map(({ network, uptime }) => ({ network, until: BigInt(Math.round(uptime * SECOND)) })),
  );
}
