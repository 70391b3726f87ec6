// Reads the journal, with or without the lock. Damage is returned, not thrown; commands that change anything refuse it. A missing journal
// is empty only on a host without generations, else it is damage.
import { readIfThere } from '../disk/read.js';
import { JournalError } from '../model/errors.js';
import { type JournalContents, NO_PREVIOUS, readChain } from './chain.js';
import { listGenerations } from './generation-list.js';
import { journalFile } from './paths.js';

/** Throws a PermissionError or an EnvironmentError when the file cannot be read. */
export function readJournal(dataDir: string): JournalContents {
  // Generations first: a writer makes the journal before its first generation, so none can appear in between.
  const generation = listGenerations(dataDir).at(-1);
  const bytes = readIfThere(journalFile(dataDir));
  if (bytes) return readChain(bytes);
  const empty = { records: [], unverified: [], size: 0, head: NO_PREVIOUS };
  if (generation === undefined) return empty;
  return {
    ...empty,
    damage: { line: 1, reason: `the journal is gone, though generation ${generation} is there` },
  };
}

/** Like `readJournal`, but throws a JournalError on damage: for commands that change something. */
export function readSoundJournal(dataDir: string): JournalContents {
  const contents = readJournal(dataDir);
  if (!contents.damage) return contents;
  const { line, reason } = contents.damage;
  throw new JournalError(`line ${line} of ${journalFile(dataDir)} cannot be trusted: ${reason}`, {
    hint: 'Run `xdpkeep journal repair`: it sets the journal aside and starts a new one.',
  });
}
