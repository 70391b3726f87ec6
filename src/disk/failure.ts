// Translates a failed file operation on the data directory for the operator. Anything but an operating system error is a
// bug and is rethrown as it is.
import { EnvironmentError, JournalError, PermissionError, type XdpkeepError } from '../model/errors.js';

const ELSEWHERE = 'or name another directory with --data-dir';

const WRITE_HINTS: Record<string, string> = {
  ENOSPC: 'Free space on its file system, then run the command again.',
  EDQUOT: 'Raise the quota or free space, then run the command again.',
  EROFS: 'Mount its file system read-write, then run the command again.',
  EIO: 'Check the disk (dmesg), then run the command again.',
};

/** Name of the errno of a failed file operation; `undefined` for every other error. */
export function errnoCode(error: unknown): string | undefined {
  return error instanceof Error && 'errno' in error && 'code' in error ? String(error.code) : undefined;
}

/** The data directory cannot be entered, made or read. `doing` is lower case: `read /var/lib/...`. */
export function accessFailed(doing: string, error: unknown): XdpkeepError {
  const code = codeOf(error);
  const message = `cannot ${doing} (${code})`;
  if (code === 'EACCES' || code === 'EPERM') {
    return new PermissionError(message, { hint: `Run as root, ${ELSEWHERE}.`, cause: error });
  }
  if (code === 'EROFS') {
    return new EnvironmentError(`${message}: the file system is read-only`, {
      hint: `Mount it read-write, ${ELSEWHERE}.`,
      cause: error,
    });
  }
  return new EnvironmentError(message, {
    hint: `Make it a directory of xdpkeep alone, ${ELSEWHERE}.`,
    cause: error,
  });
}

/** Something that must survive a crash could not be written. */
export function writeFailed(doing: string, error: unknown): JournalError {
  const code = codeOf(error);
  const hint =
    WRITE_HINTS[code] ?? 'Look at the data directory and its file system, then run the command again.';
  return new JournalError(`cannot ${doing} (${code})`, { hint, cause: error });
}

function codeOf(error: unknown): string {
  const code = errnoCode(error);
  if (code === undefined) throw error;
  return code;
}
