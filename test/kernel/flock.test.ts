import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Fd } from '../../src/kernel/fd.js';
import { isSameFile, type LockAttempt, tryLockFile, tryLockFolder } from '../../src/kernel/flock.js';
import { temporaryFolder } from '../journal/support.js';

function taken(attempt: LockAttempt): Fd {
  if ('fd' in attempt) return attempt.fd;
  throw new Error(`held by ${attempt.heldBy ?? 'somebody'}`);
}

test.each([
  ['a file', tryLockFile, (folder: string) => join(folder, 'lock')],
  ['a directory', tryLockFolder, (folder: string) => folder],
])('%s has one holder at a time, who is known', (_what, lock, pathIn) => {
  const path = pathIn(temporaryFolder());
  {
    using held = taken(lock(path));
    expect(isSameFile(held, path)).toBe(true);
    expect(lock(path)).toEqual({ heldBy: process.pid });
  }
  using again = taken(lock(path));
  expect(again.number).toBeGreaterThan(2);
});

test('a symbolic link is not followed to a lock file', () => {
  const folder = temporaryFolder();
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'lock'));
  expect(() => tryLockFile(join(folder, 'lock'))).toThrow('ELOOP');
});
