// Files that survive a crash whole or not at all. Everything is synchronous: an effect may only follow what is on
// the disk. Callers hold the writer lock, so one temporary name per file is enough and none can pile up.
import {
  closeSync,
  constants,
  existsSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { errnoCode } from './failure.js';

/** What unfinished files and directories end with; readers never look at them. */
export const TEMPORARY = '.tmp';

/** Makes the names in a directory durable. */
export function syncFolder(path: string): void {
  withFile(path, constants.O_RDONLY | constants.O_DIRECTORY, fsyncSync);
}

/** Makes a directory with this mode, and its parents with the usual one. True when it was missing. */
export function makeFolder(path: string, mode: number): boolean {
  const parent = dirname(path);
  if (existsSync(path)) return false;
  if (parent !== path) makeFolder(parent, 0o777);
  try {
    mkdirSync(path, mode);
  } catch (error) {
    if (errnoCode(error) === 'EEXIST') return false;
    throw error;
  }
  syncFolder(parent);
  return true;
}

/** Writes a new file (0600) and its content to the disk. The name is durable only after `syncFolder`. */
export function writeFile(path: string, content: string | Uint8Array): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC;
  withFile(path, flags, (fd) => {
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  });
}

/** A reader sees the old content or the new, at any moment and after any crash. */
export function replaceFile(path: string, content: string | Uint8Array): void {
  const temporary = path + TEMPORARY;
  try {
    writeFile(temporary, content);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
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
  withFile(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, (fd) => {
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
  withFile(path, constants.O_WRONLY, (fd) => {
    ftruncateSync(fd, size);
    fsyncSync(fd);
  });
}

function withFile(path: string, flags: number, use: (fd: number) => void): void {
  const fd = openSync(path, flags, 0o600);
  try {
    use(fd);
  } finally {
    closeSync(fd);
  }
}
