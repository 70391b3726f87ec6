// What the journal does on a disk that is full, cannot be written to, or belongs to somebody else.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeGeneration } from '../../src/journal/generation-writer.js';
import { Journal } from '../../src/journal/journal.js';
import { withWriterLock } from '../../src/journal/lock.js';
import { readJournal } from '../../src/journal/read.js';
import { EXIT } from '../../src/model/errors.js';
import type { Generation } from '../../src/model/record.js';
import { smallFileSystem } from './small-file-system.js';
import {
  buildWriter,
  desiredState,
  done,
  errorOf,
  intent,
  locked,
  record,
  temporaryFolder,
} from './support.js';

const nothing = () => Promise.resolve();

function make(dataDir: string, desired = desiredState()): Promise<Generation> {
  return locked(dataDir, (lock) => writeGeneration(lock, { origin: 'reconcile', desired }));
}

test('a full disk takes all records that are written together, or none', async () => {
  const { folder } = smallFileSystem('64k');
  const long = { ...intent(), note: 'x'.repeat(9000) };
  await record(folder, [intent()]);
  const refused = await errorOf(() =>
    locked(folder, (lock) => Journal.open(lock).appendAll([long, long, long])),
  );
  expect(refused).toMatchObject({ exitCode: EXIT.journal });
  const { records, damage } = readJournal(folder);
  expect([records.length, damage]).toEqual([1, undefined]);
});

test('a full disk: the record is not there, not half there, and no later one follows', async () => {
  const { folder } = smallFileSystem('16k');
  const note = 'x'.repeat(3000);
  const counted = await locked(folder, (lock) => {
    const journal = Journal.open(lock);
    const append = () => journal.append({ ...done(1), note });
    const failure = firstError(append);
    expect(failure).toMatchObject({ exitCode: EXIT.journal });
    expect(String(failure)).toContain('ENOSPC');
    expect(failure).toHaveProperty('hint', expect.stringContaining('Free space'));
    expect(firstError(append)).toHaveProperty('message', expect.stringContaining('takes no more records'));
    return journal.records.length;
  });
  expect(counted).toBeGreaterThan(2);
  const { records, damage, torn } = readJournal(folder);
  expect([records.length, damage, torn]).toEqual([counted, undefined, undefined]);
});

/** Repeats until it fails. */
function firstError(work: () => unknown): unknown {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      work();
    } catch (error) {
      return error;
    }
  }
  return undefined;
}

test('a read-only file system can be read', async () => {
  const { folder, remount } = smallFileSystem('64k');
  await record(folder, [intent()]);
  remount('ro');
  expect(readJournal(folder).records).toHaveLength(1);
});

test('a full disk leaves no half generation', async () => {
  const { folder } = smallFileSystem('40k');
  await make(folder);
  const error = await errorOf(() => make(folder, desiredState('d'.repeat(60_000))));
  expect(error).toMatchObject({ exitCode: EXIT.journal });
  expect(error?.message).toContain('ENOSPC');
  expect(readdirSync(join(folder, 'generations'))).toEqual(['1']);
  expect((await make(folder)).number).toBe(2);
});

test('a read-only file system is named, and reading needs no lock', async () => {
  const { folder, remount } = smallFileSystem('64k');
  await locked(folder, (lock) => Journal.open(lock).append(intent()));
  remount('ro');
  const error = await errorOf(() => withWriterLock(folder, nothing));
  expect(error).toMatchObject({ exitCode: EXIT.environment });
  expect(error?.message).toContain('read-only');
  expect(error?.hint).toContain('--data-dir');
  const missing = await errorOf(() => withWriterLock(join(folder, 'below'), nothing));
  expect(missing).toMatchObject({ exitCode: EXIT.environment });
});

test('without permission: exit 77 and what to do', async () => {
  const dataDir = temporaryFolder(); // 0700, root
  const start = await buildWriter();
  expect(await start('unprivileged', dataDir).said).toBe(
    `${EXIT.permission} Run as root, or name another directory with --data-dir.`,
  );
  expect(await start('unprivileged', join(dataDir, 'below')).said).toContain(String(EXIT.permission));
});
