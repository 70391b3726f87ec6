// Writes a generation: under a temporary name first, then renamed, so that it exists completely or not at all. Refuses while the journal
// is damaged: a number might be used twice.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { appendToFile, makeFolder, syncFolder, TEMPORARY, writeNewFile } from '../disk/durable.js';
import { writeFailed } from '../disk/failure.js';
import type { DesiredState } from '../model/desired.js';
import type { Generation, JournalRecord } from '../model/record.js';
import { storePolicies } from './stored-policies.js';
import { highestGeneration } from './generation-list.js';
import type { WriterLock } from './lock.js';
import { generationFile, journalFile } from './paths.js';
import { readSoundJournal } from './read.js';
import { seal } from './sealed.js';

/** `of`: the generation whose state it repeats; default its own number. */
export type NewGeneration = Pick<Generation, 'origin' | 'reason' | 'source'> & {
  desired: DesiredState;
  of?: number;
};

/**
 * Writes a generation whose number is one above all in the directory and the journal. `records`: those of an open journal; default: the
 * journal is read. On the disk when it returns. Throws a JournalError.
 */
export function writeGeneration(
  lock: WriterLock,
  made: NewGeneration,
  records: readonly JournalRecord[] = readSoundJournal(lock.dataDir).records,
): Generation {
  const desired = storePolicies(lock, made.desired);
  const number = highestGeneration(lock.dataDir, records) + 1;
  const generation: Generation = { number, time: new Date().toISOString(), of: number, ...made, desired };
  try {
    makeJournal(lock.dataDir);
    publish(generationFile(lock.dataDir, number), seal('Generation', generation));
  } catch (error) {
    throw writeFailed(`write generation ${number}`, error);
  }
  return generation;
}

/** A journal that is missing while there are generations counts as deleted, so the file has to exist first. */
function makeJournal(dataDir: string): void {
  const path = journalFile(dataDir);
  if (!existsSync(path)) appendToFile(path, new Uint8Array(), 0);
}

function publish(file: string, text: string): void {
  const final = dirname(file);
  const folder = dirname(final);
  const temporary = final + TEMPORARY;
  makeFolder(folder, 0o700);
  for (const name of readdirSync(folder).filter((one) => one.endsWith(TEMPORARY))) {
    rmSync(join(folder, name), { recursive: true });
  }
  try {
    mkdirSync(temporary, 0o700);
    writeNewFile(join(temporary, basename(file)), text);
    syncFolder(temporary);
    renameSync(temporary, final);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
  syncFolder(folder);
}
