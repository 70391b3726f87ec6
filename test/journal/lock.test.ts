import { existsSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Journal } from '../../src/journal/journal.js';
import { type WriterLock, withWriterLock } from '../../src/journal/lock.js';
import { EXIT } from '../../src/model/errors.js';
import { errorOf, intent, locked, snapshot, temporaryFolder } from './support.js';

const nothing = () => Promise.resolve();

test('the data directory is made, private, with its parents', async () => {
  const dataDir = join(temporaryFolder(), 'var/lib/xdpkeep');
  expect(await withWriterLock(dataDir, (lock) => Promise.resolve(lock.dataDir))).toBe(dataDir);
  expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  expect(statSync(join(dataDir, '..')).mode & 0o777).toBe(0o755);
  expect(statSync(join(dataDir, 'lock'))).toMatchObject({ size: 0 });
});

test('a second run writes nothing', async () => {
  const dataDir = temporaryFolder();
  await withWriterLock(dataDir, nothing);
  const before = snapshot(dataDir);
  await withWriterLock(dataDir, nothing);
  expect(snapshot(dataDir)).toEqual(before);
});

test('the error of the work comes through, and the lock is free after it', async () => {
  const dataDir = temporaryFolder();
  await expect(withWriterLock(dataDir, () => Promise.reject(new Error('the work')))).rejects.toThrow(
    'the work',
  );
  await withWriterLock(dataDir, nothing);
});

test('a lock that outlives its work is worth nothing', async () => {
  const dataDir = temporaryFolder();
  const stale = await locked(dataDir, (lock) => lock);
  expect(() => {
    stale.assertHeld();
  }).toThrow('after its release');
  expect(() => Journal.open(stale)).toThrow('after its release');
});

test('a data directory that was replaced during the run takes no more writes', async () => {
  const dataDir = join(temporaryFolder(), 'data');
  const replaced = async (lock: WriterLock) => {
    const journal = Journal.open(lock);
    renameSync(dataDir, `${dataDir}.away`);
    await withWriterLock(dataDir, nothing); // somebody else makes it anew and is at work there
    journal.append(intent());
  };
  const error = await errorOf(() => withWriterLock(dataDir, replaced));
  expect(error).toMatchObject({ exitCode: EXIT.journal });
  expect(error?.message).toContain('moved or replaced');
  expect(existsSync(join(dataDir, 'journal.ndjson'))).toBe(false);
});

test.each([
  ['a file where the directory should be', 'file'],
  ['a file above it', 'file/below'],
])('%s is an environment error', async (_what, path) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'file'), '');
  const error = await errorOf(() => withWriterLock(join(folder, path), nothing));
  expect(error).toMatchObject({ exitCode: EXIT.environment });
});
