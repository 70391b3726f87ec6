// Reading a file that somebody else may have put there: nothing that lies there may hold this process up, fill its memory
// or lead it elsewhere. A FIFO or device is never waited for, the last part of the path is not followed where it is a
// symbolic link, and no more is read than the caller has room for.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { errnoCode } from './failure.js';
import { openOwn } from './ownership.js';

/** What lies there is no regular file. */
export class NotRegularError extends Error {}

/** The file has more bytes than the caller takes. */
export class TooLargeError extends Error {}

interface Owner {
  uid: number;
  mode: number;
}

/**
 * A whole file of at most `limit` bytes, which may be another user's. Throws a NotRegularError, a TooLargeError or the errors of open(2) and
 * read(2).
 */
export function readRegular(path: string, limit: number): Buffer {
  return withRegular(openRegular(path), (fd) => readWhole(fd, limit));
}

/**
 * The same for a file that decides what root does: links are followed where root has laid them. `mayRead` is told of the open
 * file and throws to refuse it. Throws a PermissionError as well.
 */
export function readOwn(path: string, limit: number, mayRead?: (owner: Owner) => void): Buffer {
  const fd = told(() => openOwn(path, constants.O_NONBLOCK | constants.O_NOCTTY));
  return withRegular(fd, () => {
    mayRead?.(fstatSync(fd));
    return readWhole(fd, limit);
  });
}

/** The first bytes of a file, `most` of them where it is longer. Throws like `readRegular`. */
export function readHead(path: string, most: number): Buffer {
  return withRegular(openRegular(path), (fd) => readUpTo(fd, most, most));
}

function withRegular<T>(fd: number, use: (fd: number) => T): T {
  try {
    if (!fstatSync(fd).isFile()) throw new NotRegularError('it is not a regular file');
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

function openRegular(path: string): number {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW | constants.O_NOCTTY;
  try {
    return told(() => openSync(path, flags));
  } catch (error) {
    // A link, since none is followed.
    if (errnoCode(error) !== 'ELOOP') throw error;
    throw new NotRegularError('it is not a regular file', { cause: error });
  }
}

/** What cannot be opened at all is no file: a socket, a device without a driver. */
function told(open: () => number): number {
  try {
    return open();
  } catch (error) {
    if (!['ENXIO', 'ENODEV'].includes(errnoCode(error) ?? '')) throw error;
    throw new NotRegularError('it is not a regular file', { cause: error });
  }
}

/** The size is what can be read, not what stat says: a file of /proc has size 0, a growing one any. */
function readWhole(fd: number, limit: number): Buffer {
  const { size } = fstatSync(fd);
  const bytes = size > limit ? undefined : readUpTo(fd, limit + 1, size + 1);
  if (bytes && bytes.length <= limit) return bytes;
  throw new TooLargeError(`it has more than ${limit >= 1 << 20 ? `${limit >> 20} MiB` : `${limit} bytes`}`);
}

/** `first`: bytes of the first read, most files are had with it. */
function readUpTo(fd: number, most: number, first: number): Buffer {
  const chunks: Buffer[] = [];
  let size = 0;
  for (let room = first; size < most; room = 64 << 10) {
    const chunk = Buffer.allocUnsafe(Math.min(room, most - size));
    const count = readSync(fd, chunk);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    size += count;
  }
  const [only] = chunks;
  return only && chunks.length === 1 ? only : Buffer.concat(chunks, size);
}
