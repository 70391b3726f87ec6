// The writer lock: one xdpkeep at a time may change the kernel and the data directory. A WriterLock is a capability that only this file
// can make, and that functions with effects require. Operators see the lock file; the directory is locked as well, so that deleting
// the lock file does not admit a second writer.
import { join, resolve } from 'node:path';
import { makeFolder, removeLeftovers } from '../disk/durable.js';
import { accessFailed } from '../disk/failure.js';
import { RECORD_FOLDERS } from '../disk/object-store.js';
import type { Fd } from '../kernel/fd.js';
import { isSameFile, type LockAttempt, tryLockFile, tryLockFolder } from '../kernel/flock.js';
import { JournalError, LockedError, XdpkeepError } from '../model/errors.js';
import { lockFile } from './paths.js';

/** Folders of the data directory in which an interrupted replacement can leave temporary files. */
const WRITTEN = ['.', 'source', 'objects', ...RECORD_FOLDERS.map((one) => `objects/${one}`)];

class HeldLock {
  readonly #folder: Fd;
  readonly #isReleased: () => boolean;

  /** `dataDir` is absolute. */
  constructor(
    readonly dataDir: string,
    folder: Fd,
    isReleased: () => boolean,
  ) {
    this.#folder = folder;
    this.#isReleased = isReleased;
  }

  /** Throws when the lock excludes nobody any more: it was released, or the data directory was replaced. */
  assertHeld(): void {
    if (this.#isReleased()) throw new Error('the writer lock was used after its release');
    if (isSameFile(this.#folder, this.dataDir)) return;
    throw new JournalError(`the data directory ${this.dataDir} was moved or replaced during the run`, {
      hint: 'Find out what moved it, then run the command again.',
    });
  }
}

/** The right to change this host. Valid until the function that received it returns. */
export type WriterLock = HeldLock;

/**
 * Runs `work` as the only writer of this data directory, which is made (0700) when it is missing. Throws a LockedError at once when
 * another process holds the lock, a PermissionError or an EnvironmentError when the directory cannot be used. The kernel releases the
 * lock of a process that dies.
 */
export async function withWriterLock<T>(dataDir: string, work: (lock: WriterLock) => Promise<T>): Promise<T> {
  const path = resolve(dataDir);
  makeDataDir(path);
  const file = take(path, () => tryLockFile(lockFile(path)));
  let released = false;
  try {
    using folder = take(path, () => tryLockFolder(path));
    for (const one of WRITTEN) removeLeftovers(join(path, one));
    return await work(new HeldLock(path, folder, () => released));
  } finally {
    released = true;
    file[Symbol.dispose]();
  }
}

/**
 * Runs `work` with a lock on `folder`, to undo a change while the data directory cannot be used. Nothing is written to `folder`. The lock
 * excludes other processes that do the same; any other writer needs the data directory.
 */
export async function withoutDataDir<T>(folder: string, work: (lock: WriterLock) => Promise<T>): Promise<T> {
  using held = take(folder, () => tryLockFolder(folder));
  return await work(new HeldLock(folder, held, () => false));
}

/** Makes the data directory, readable only for its owner. Throws a PermissionError or an EnvironmentError. */
export function makeDataDir(dataDir: string): void {
  try {
    makeFolder(dataDir, 0o700);
  } catch (error) {
    throw accessFailed(`make the data directory ${dataDir}`, error);
  }
}

function take(dataDir: string, attempt: () => LockAttempt): Fd {
  const result = tryTo(dataDir, attempt);
  if ('fd' in result) return result.fd;
  const holder = result.heldBy === undefined ? 'another process' : `process ${result.heldBy}`;
  throw new LockedError(`another xdpkeep is at work: ${holder} holds the lock of ${dataDir}`, {
    hint: 'Wait until it has finished, or end it: its lock goes with it.',
  });
}

function tryTo(dataDir: string, attempt: () => LockAttempt): LockAttempt {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof XdpkeepError) throw error;
    throw accessFailed(`lock the data directory ${dataDir}`, error);
  }
}
