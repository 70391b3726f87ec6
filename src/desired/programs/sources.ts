// The files that a source may include: all of the state directory except state files and lists.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CompileError, type Sources } from '../../kernel/clang.js';
import { readInside, UnusableFileError } from '../paths.js';

/** Bytes of one file, and of all of them. */
const FILE_LIMIT = 16 << 20;
const LIMIT = 64 << 20;

/** Folders at the top that hold other things. */
const OTHERS = new Set(['hosts', 'policies', 'lists']);

/**
 * A file that may not be used, such as a link out of the state directory, is left out: including it fails as if it did not exist. Throws
 * a PermissionError for a file that another user could have written, a CompileError when there is too much.
 */
export function readSources(stateDir: string): Sources {
  const sources = new Map<string, Uint8Array>();
  let size = 0;
  for (const path of filesIn(stateDir)) {
    const bytes = readUsable(stateDir, path);
    size += bytes?.length ?? 0;
    if (size > LIMIT) {
      const hint = 'Keep what is no source out of the state directory, or in lists/.';
      throw new CompileError(`the sources are more than ${LIMIT >> 20} MiB`, '', hint);
    }
    if (bytes) sources.set(path, bytes);
  }
  return sources;
}

function filesIn(stateDir: string, folder = ''): string[] {
  return readdirSync(join(stateDir, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.') || OTHERS.has(path)) return [];
    return entry.isDirectory() ? filesIn(stateDir, path) : [path];
  });
}

function readUsable(stateDir: string, path: string): Uint8Array | undefined {
  try {
    return readInside(stateDir, path, FILE_LIMIT);
  } catch (error) {
    if (error instanceof UnusableFileError) return undefined;
    throw error;
  }
}
