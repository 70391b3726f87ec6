// Reads files of the state directory by relative path. Refused: a path that leads out of the directory after symbolic links are resolved,
// and anything but a regular file. Reading never blocks on a device or FIFO.
import { realpathSync } from 'node:fs';
import { join, relative } from 'node:path';
import { requireOwn } from '../disk/ownership.js';
import { NotRegularError, readOwn, TooLargeError } from '../disk/regular.js';
import { PermissionError } from '../model/errors.js';

/** The file cannot be read. `summary` is constant per cause, `message` is about this file. */
export class UnusableFileError extends Error {
  constructor(
    readonly summary: string,
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/** Reads a whole file of at most `limit` bytes. Throws an UnusableFileError, or a PermissionError for what another user may have written. */
export function readInside(stateDir: string, file: string, limit: number): Buffer {
  try {
    const real = containedPath(stateDir, file);
    requireOwn(join(stateDir, file)); // the links on the way too
    return readOwn(real, limit);
  } catch (error) {
    if (error instanceof UnusableFileError || error instanceof PermissionError) throw error;
    throw ioProblem(error);
  }
}

function containedPath(stateDir: string, file: string): string {
  const real = realpathSync(join(stateDir, file));
  const inside = relative(realpathSync(stateDir), real);
  if (inside.split('/')[0] !== '..') return real;
  throw new UnusableFileError(
    'file outside the state directory',
    `it leads to ${real}`,
    'Move the file into the state directory: everything that is applied must lie there.',
  );
}

const PUT_HINT = 'Put the file there, or correct its path.';
const READ_HINT = 'Let the user that runs xdpkeep read it.';

const REASONS: Record<string, [reason: string, hint: string]> = {
  ENOENT: ['there is no such file', PUT_HINT],
  ENOTDIR: ['a part of its path is not a directory', PUT_HINT],
  EACCES: ['permission denied', READ_HINT],
  ELOOP: ['its symbolic links form a loop', PUT_HINT],
  ENAMETOOLONG: ['its name is too long', 'Shorten its name.'],
  EISDIR: ['it is a directory', PUT_HINT],
};

function ioProblem(error: unknown): UnusableFileError {
  if (error instanceof NotRegularError)
    return new UnusableFileError('not a regular file', error.message, PUT_HINT);
  if (error instanceof TooLargeError)
    return new UnusableFileError('file too large', error.message, 'Split or shorten it.');
  if (!(error instanceof Error && 'code' in error)) throw error;
  const code = String(error.code);
  const [reason, hint] = REASONS[code] ?? [`${error.message} (${code})`, READ_HINT];
  return new UnusableFileError('cannot read file', reason, hint);
}
