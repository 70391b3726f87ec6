// Repairs a damaged journal: keeps the file under another name and begins a new journal whose first record says so. Damaged records are
// not used: the next pass asks the kernel.
import { existsSync, linkSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { replaceFile } from '../disk/durable.js';
import { writeFailed } from '../disk/failure.js';
import { sha256 } from '../disk/sha256.js';
import { bootId } from '../kernel/boot.js';
import { netnsInode } from '../kernel/interfaces.js';
import type { JournalDamage } from '../model/record.js';
import { formatLine, NO_PREVIOUS } from './chain.js';
import { highestGeneration } from './generation-list.js';
import { describe, Journal, type TornLine } from './journal.js';
import type { WriterLock } from './lock.js';
import { damagedFile, journalFile } from './paths.js';
import { readJournal } from './read.js';

export interface Repair {
  /** What was wrong; absent when nothing had to be repaired. */
  damage?: JournalDamage;
  /** The damaged journal; absent when nothing was damaged, or when the journal was missing. */
  keptAs?: string;
  torn?: TornLine;
}

/** Only cuts off an unfinished last line when the journal is sound. Throws a JournalError. */
export function repairJournal(lock: WriterLock): Repair {
  lock.assertHeld();
  const { damage, records } = readJournal(lock.dataDir);
  if (!damage) {
    const { torn } = Journal.open(lock);
    return torn ? { torn } : {};
  }
  try {
    const kept = setAside(lock.dataDir);
    const note = kept ? `kept as ${basename(kept.file)}, SHA-256 ${kept.sha256}` : 'nothing was left to keep';
    const step = { kind: 'rebase' as const, reason: `line ${damage.line}: ${damage.reason}` };
    const generation = highestGeneration(lock.dataDir, records);
    const first = { generation, phase: 'done' as const, step, note };
    const where = { boot: bootId(), netns: netnsInode() };
    const record = describe(first, { seq: 1, prev: NO_PREVIOUS }, where);
    replaceFile(journalFile(lock.dataDir), formatLine(record));
    return kept ? { damage, keptAs: kept.file } : { damage };
  } catch (error) {
    throw writeFailed('repair the journal', error);
  }
}

/** Gives the file a second name, so that there is a journal at every moment. */
function setAside(dataDir: string): { file: string; sha256: string } | undefined {
  const journal = journalFile(dataDir);
  if (!existsSync(journal)) return undefined;
  let n = 1;
  while (existsSync(damagedFile(dataDir, n))) n++;
  const file = damagedFile(dataDir, n);
  linkSync(journal, file);
  return { file, sha256: sha256(readFileSync(file)) };
}
