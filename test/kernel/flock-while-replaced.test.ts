// A lock file that another process replaces between opening and locking it.
// needs: time
import { fstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isSameFile, tryLockFile } from '../../src/kernel/flock.js';
import { buildWriter, temporaryFolder } from '../journal/support.js';

test('a file that was replaced while it was being opened is not the one that is locked', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'lock');
  const start = await buildWriter();
  expect(await start('replace', folder).said).toBe('leased');
  const old = statSync(path).ino;
  const attempt = tryLockFile(path);
  if (!('fd' in attempt)) throw new Error('somebody holds it');
  using held = attempt.fd;
  expect(fstatSync(held.number).ino).not.toBe(old);
  expect(isSameFile(held, path)).toBe(true);
});
