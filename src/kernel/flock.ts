// Locks files with flock(2): the kernel releases the lock when its holder dies. A lock is valid only while its path leads to the locked
// file, since other processes open the path: a lock on a deleted or replaced file excludes nobody. The file is never written.
import { type BigIntStats, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { EnvironmentError } from '../model/errors.js';
import { Fd } from './fd.js';
import { callFailed, describeErrno, lastErrno, libc } from './ffi.js';

const LOCK_EX = 2; // sys/file.h
const LOCK_NB = 4;

/** The lock, held until the Fd is disposed of; or the pid of its holder, `undefined` where the kernel does not show it. */
export type LockAttempt = { fd: Fd } | { heldBy: number | undefined };

/** Locks a file; makes it (0600) when it is missing. Does not wait. Throws the errors of open(2). */
export function tryLockFile(path: string): LockAttempt {
  return tryLock(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW);
}

/** Locks a directory. Does not wait. Throws the errors of open(2). */
export function tryLockFolder(path: string): LockAttempt {
  return tryLock(path, constants.O_RDONLY | constants.O_DIRECTORY);
}

/** Does the path lead to the open file? False when it leads to another file or does not exist. */
export function isSameFile(fd: Fd, path: string): boolean {
  const there = statSync(path, { bigint: true, throwIfNoEntry: false });
  const open = fstatSync(fd.number, { bigint: true });
  return there?.ino === open.ino && there.dev === open.dev;
}

function tryLock(path: string, flags: number): LockAttempt {
  for (;;) {
    const fd = new Fd(openSync(path, flags, 0o600));
    const locked = lock(fd, path);
    if (isSameFile(fd, path)) {
      if (locked) return { fd };
      using other = fd;
      return { heldBy: holder(fstatSync(other.number, { bigint: true })) };
    }
    fd[Symbol.dispose]();
  }
}

function lock(fd: Fd, path: string): boolean {
  if (libc().flock(fd.number, LOCK_EX | LOCK_NB) === 0) return true;
  const errno = lastErrno();
  if (describeErrno(errno)[0] === 'EAGAIN') return false;
  fd[Symbol.dispose]();
  throw new EnvironmentError(`cannot lock ${path}`, {
    hint: 'The file system must support flock(2): name a directory on another one with --data-dir.',
    cause: callFailed('flock', errno),
  });
}

/** Pid of the process that holds a lock on this file; `undefined` when there is none, or the kernel does not show it. */
export function findHolder(path: string): number | undefined {
  const file = statSync(path, { bigint: true, throwIfNoEntry: false });
  return file && holder(file);
}

/**
 * The pid in `<n>: FLOCK  ADVISORY  WRITE <pid> <major>:<minor>:<inode> ...` of /proc/locks (proc_locks(5)).
 * `undefined` when the holder is in another pid namespace or the file system hides its device.
 */
function holder({ dev, ino }: BigIntStats): number | undefined {
  const major = (dev >> 8n) & 0xfffn;
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xfff00n);
  const file = `${hex(major)}:${hex(minor)}:${ino}`;
  for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
    const [, kind, , , pid, where] = line.split(/\s+/);
    if (kind === 'FLOCK' && where === file && Number(pid) > 0) return Number(pid);
  }
  return undefined;
}

function hex(number: bigint): string {
  return number.toString(16).padStart(2, '0');
}
