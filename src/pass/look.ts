// The first phase of a pass: observes the kernel and reads the journal. It records the outcome of steps that an interrupted run left
// open, and brings the maps of blocks up to date, because the plan depends on both.
import { hasBlocks } from '../journal/blocks.js';
import { currentIfReadable } from '../journal/generations.js';
import { Journal } from '../journal/journal.js';
import { readSoundJournal } from '../journal/read.js';
import { recoverOpenIntents } from '../journal/recover-intents.js';
import type { ObservedState } from '../model/observed.js';
import type { Generation, JournalRecord } from '../model/record.js';
import { compareDeeply } from './compare-deeply.js';
import type { PassInputs } from './inputs.js';
import { waitForDetachingLinks } from './wait-for-detaching-links.js';

export interface Seen {
  /** What the kernel runs; what a plan file was compared with. */
  found: ObservedState;
  /** The same with the maps of blocks that a pass makes first. */
  observed: ObservedState;
  /** The newest generation, where it can be read. */
  current: Generation | undefined;
  records: readonly JournalRecord[];
  /** `undefined` where nothing may be changed. */
  journal: Journal | undefined;
  warnings: readonly string[];
}

export async function look(inputs: PassInputs): Promise<Seen> {
  const { place, target } = inputs;
  const { lock, dataDir } = place;
  if (lock) place.machine.ensureMounted(place.pins.bpffs);
  const journal = lock && Journal.open(lock);
  const records = journal?.records ?? readSoundJournal(dataDir).records;
  const seen = await waitForDetachingLinks(await place.firstLook(), place, records);
  const found = target.deep ? await compareDeeply(inputs, seen) : seen;
  if (journal)
    for (const outcome of recoverOpenIntents(journal.openIntents(), found)) journal.append(outcome);
  const { observed, warnings } = await withBlocks(inputs, journal, found);
  return { found, observed, current: currentIfReadable(dataDir), records, journal, warnings };
}

/** A host without blocks reads nothing more. While a change waits for its confirmation, no map is changed. */
async function withBlocks(
  { place, target, safeties }: PassInputs,
  journal: Journal | undefined,
  found: ObservedState,
): Promise<{ observed: ObservedState; warnings: string[] }> {
  const any = hasBlocks(place.dataDir) || found.owned.some(({ blocks }) => blocks !== undefined);
  if (!any || 'ask' in safeties.confirmation) return { observed: found, warnings: [] };
  const { bringBlocks } = await import('./block-maps.js');
  return bringBlocks(place, journal, target, found);
}

/** Is the target what the newest generation says? */
export function isCurrent({ target }: PassInputs, current: Generation | undefined): current is Generation {
  return current?.desired.digest === target.desired.digest;
}
