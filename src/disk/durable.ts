// Files that survive a crash whole or not at all. Everything is synchronous: an effect may only follow what is on
// the disk. A new file is made under a name that nobody can foresee, and no link is followed to one that is there: the
// folder may be another user's, and whatever lies in it was put there by them.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoCode } from './failure.js';

/** What unfinished files and directories end with; readers never look at them. */
export const TEMPORARY = '.tmp';

/** Makes the names in a directory durable. */
export function syncFolder(path: string): void {
  withFile(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY), fsyncSync);
}

/** Makes a directory with this mode, and its parents as others may not write to. True when it was missing. */
export function makeFolder(path: string, mode: number): boolean {
  const parent = dirname(path);
  if (existsSync(path)) return false;
  if (parent !== path) makeFolder(parent, 0o755);
  try {
    mkdirSync(path, mode);
  } catch (error) {
    if (errnoCode(error) === 'EEXIST') return false;
    throw error;
  }
  syncFolder(parent);
  return true;
}

/** Opens a new file (0600) for writing. Throws EEXIST for whatever is there, a link that leads nowhere included. */
export function openNewFile(path: string): number {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  return openSync(path, flags, 0o600);
}

/** Writes a new file, of this mode whatever the umask, to the disk. The name is durable only after `syncFolder`. */
export function writeNewFile(path: string, content: string | Uint8Array, mode = 0o600): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  withFile(openNewFile(path), (fd) => {
    fchmodSync(fd, mode);
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  });
}

/** A reader sees the old content or the new, at any moment and after any crash. */
export function replaceFile(path: string, content: string | Uint8Array, mode?: number): void {
  const folder = dirname(path);
  const temporary = join(folder, `${LEFTOVER}${randomBytes(8).toString('hex')}${TEMPORARY}`);
  try {
    writeNewFile(temporary, content, mode);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(folder);
}

/** What the names of unfinished files begin with. */
const LEFTOVER = '.xdpkeep-';
/** Milliseconds after which nobody is at work on an unfinished file any more. */
const ABANDONED = 60_000;

/** Removes what killed processes have left unfinished in a folder, as far as that can be done. */
export function removeLeftovers(folder: string): void {
  try {
    const names = readdirSync(folder).filter((one) => one.startsWith(LEFTOVER) && one.endsWith(TEMPORARY));
    for (const path of names.map((name) => join(folder, name))) {
      if (Date.now() - lstatSync(path).mtimeMs > ABANDONED) unlinkSync(path);
    }
  } catch (error) {
    if (errnoCode(error) === undefined) throw error;
  }
}

/** True when there was one. */
export function removeFile(path: string): boolean {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw error;
  }
  syncFolder(dirname(path));
  return true;
}

/** The file is not as long as the caller knows it to be: somebody else wrote to it. */
export class UnexpectedSizeError extends Error {}

/**
 * Appends in one write to a file of exactly `size` bytes (0: made when missing, 0600), then fdatasync.
 * What a failed or short write left behind is cut off again before the error is thrown.
 */
export function appendToFile(path: string, bytes: Uint8Array, size: number): void {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
  withFile(openSync(path, flags, 0o600), (fd) => {
    const found = fstatSync(fd).size;
    if (found !== size) throw new UnexpectedSizeError(`it has ${found} bytes, not ${size}`);
    try {
      let written = writeSync(fd, bytes);
      // The rest of a short write fails with the reason for it.
      while (written < bytes.length) written += writeSync(fd, bytes, written);
      fdatasyncSync(fd);
    } catch (error) {
      ftruncateSync(fd, size);
      throw error;
    }
  });
  if (size === 0) syncFolder(dirname(path));
}

/** Cuts a file to `size` bytes. */
export function truncateFile(path: string, size: number): void {
  withFile(openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW), (fd) => {
    ftruncateSync(fd, size);
    fsyncSync(fd);
  });
}

function withFile(fd: number, use: (fd: number) => void): void {
  try {
    use(fd);
  } finally {
    closeSync(fd);
  }
}
