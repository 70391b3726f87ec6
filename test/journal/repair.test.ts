import { createHash } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeGeneration } from '../../src/journal/generation-writer.js';
import { readJournal } from '../../src/journal/read.js';
import { repairJournal } from '../../src/journal/repair.js';
import { desiredState, done, intent, locked, record, snapshot, temporaryFolder } from './support.js';

const makeGeneration = (dataDir: string) =>
  locked(dataDir, (lock) => writeGeneration(lock, { origin: 'reconcile', desired: desiredState() }));

test('a damaged journal is kept whole, and the new one says why it begins', async () => {
  const dataDir = temporaryFolder();
  const file = join(dataDir, 'journal.ndjson');
  await makeGeneration(dataDir);
  await makeGeneration(dataDir);
  await record(dataDir, [intent(2), done(1, 2), intent(2)]);
  const damaged = readFileSync(file, 'utf8').replace('not attached', 'attached');
  writeFileSync(file, damaged);

  const { damage, keptAs } = await locked(dataDir, repairJournal);
  expect(damage?.line).toBe(1);
  expect(keptAs).toBe(join(dataDir, 'journal.damaged-1'));
  expect(readFileSync(keptAs ?? '', 'utf8')).toBe(damaged);

  const repaired = readJournal(dataDir);
  expect(repaired.damage).toBeUndefined();
  expect(repaired.records).toHaveLength(1);
  expect(repaired.records[0]).toMatchObject({
    ...{ seq: 1, prev: '0'.repeat(64), generation: 2, phase: 'done' },
    step: { kind: 'rebase', reason: `line 1: ${damage?.reason}` },
    note: `kept as journal.damaged-1, SHA-256 ${createHash('sha256').update(damaged).digest('hex')}`,
  });
});

test('after a repair everything goes on: records, chain, numbers', async () => {
  const dataDir = temporaryFolder();
  await makeGeneration(dataDir);
  await record(dataDir, [intent(), done(1)]);
  writeFileSync(join(dataDir, 'journal.ndjson'), 'nonsense\n');
  await locked(dataDir, repairJournal);
  await record(dataDir, [intent(), done(2)]);
  expect((await makeGeneration(dataDir)).number).toBe(2);
  const { records, damage } = readJournal(dataDir);
  expect([records.map(({ seq }) => seq), damage]).toEqual([[1, 2, 3], undefined]);
});

test('every repair keeps its own journal', async () => {
  const dataDir = temporaryFolder();
  for (const text of ['first\n', 'second\n']) {
    writeFileSync(join(dataDir, 'journal.ndjson'), text);
    await locked(dataDir, repairJournal);
  }
  expect(readFileSync(join(dataDir, 'journal.damaged-1'), 'utf8')).toBe('first\n');
  expect(readFileSync(join(dataDir, 'journal.damaged-2'), 'utf8')).toBe('second\n');
});

test('a deleted journal is begun anew, above the generations that there are', async () => {
  const dataDir = temporaryFolder();
  await makeGeneration(dataDir);
  await makeGeneration(dataDir);
  rmSync(join(dataDir, 'journal.ndjson'));
  const { damage, keptAs } = await locked(dataDir, repairJournal);
  expect([damage?.line, keptAs]).toEqual([1, undefined]);
  expect(readJournal(dataDir).records).toMatchObject([{ generation: 2, note: 'nothing was left to keep' }]);
  expect((await makeGeneration(dataDir)).number).toBe(3);
});

test('a sound journal is left alone; only an unfinished last line is cut off', async () => {
  const dataDir = temporaryFolder();
  await record(dataDir, [intent()]);
  const before = snapshot(dataDir);
  expect(await locked(dataDir, repairJournal)).toEqual({});
  expect(snapshot(dataDir)).toEqual(before);

  appendFileSync(join(dataDir, 'journal.ndjson'), '{"seq":2');
  const { torn, damage } = await locked(dataDir, repairJournal);
  expect([torn?.bytes, damage]).toEqual([8, undefined]);
  expect(readJournal(dataDir)).toMatchObject({ records: [{ seq: 1 }] });
  expect(readdirSync(dataDir).filter((name) => name.startsWith('journal.damaged'))).toEqual([]);
});
