// Reads generations. A file that was edited is refused. Generation 0 is the empty state before the first change; it has no files.
import { readFileSync } from 'node:fs';
import { accessFailed, errnoCode } from '../disk/failure.js';
import { DiskObjectStore } from '../disk/object-store.js';
import { JournalError } from '../model/errors.js';
import { ifReadable } from '../disk/if-readable.js';
import type { Generation } from '../model/record.js';
import { listGenerations } from './generation-list.js';
import { generationSchema } from './generation-schema.js';
import { generationFile } from './paths.js';
import { reviveLists } from '../disk/revive-sets.js';
import { unseal } from './sealed.js';

const HINT = 'Restore the file from a backup, or choose another generation: `xdpkeep history` lists them.';

/** Throws a JournalError when there is no such generation or when its file was changed. */
export function readGeneration(dataDir: string, number: number): Generation {
  const path = generationFile(dataDir, number);
  const generation = unseal(readText(path, number), 'Generation', generationSchema, { path, hint: HINT });
  reviveLists(generation.desired.lists ?? [], new DiskObjectStore(dataDir));
  if (generation.number === number) return generation;
  throw new JournalError(`${path} is damaged: it is generation ${generation.number}`, { hint: HINT });
}

/** The newest generation; `undefined` is generation 0. Throws a JournalError when it is damaged. */
export function currentGeneration(dataDir: string): Generation | undefined {
  const number = listGenerations(dataDir).at(-1);
  return number === undefined ? undefined : readGeneration(dataDir, number);
}

/** Like `currentGeneration`, but `undefined` also when its file is damaged: for callers that can do without it. */
export function currentIfReadable(dataDir: string): Generation | undefined {
  return ifReadable(() => currentGeneration(dataDir));
}

function readText(path: string, number: number): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw accessFailed(`read ${path}`, error);
    throw new JournalError(`there is no generation ${number}`, { hint: HINT, cause: error });
  }
}
