import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeGeneration } from '../../src/journal/generation-writer.js';
import { Journal } from '../../src/journal/journal.js';
import { attachedFrom } from '../../src/journal/intents.js';
import { readJournal } from '../../src/journal/read.js';
import { bootId } from '../../src/kernel/boot.js';
import { netnsInode } from '../../src/kernel/interfaces.js';
import { EXIT } from '../../src/model/errors.js';
import type { JournalRecord } from '../../src/model/record.js';
import {
  attachStep,
  desiredState,
  detachStep,
  done,
  errorOf,
  intent,
  locked,
  reattachStep,
  record,
  snapshot,
  swapStep,
  temporaryFolder,
} from './support.js';
import { places } from '../support/budget.js';

test('records survive the run that wrote them, and say where and when', async () => {
  const dataDir = temporaryFolder();
  const written = await locked(dataDir, (lock) => {
    const journal = Journal.open(lock);
    const records = [journal.append(intent()), journal.append(done(1))];
    expect(journal.records).toEqual(records);
    return records;
  });
  await record(dataDir, [intent(2)]);
  const { records } = readJournal(dataDir);
  expect(records.slice(0, 2)).toEqual(written);
  expect(records[2]).toMatchObject({ seq: 3, generation: 2, boot: bootId(), netns: netnsInode() });
  expect(Math.abs(Date.parse(records[2]?.time ?? '') - Date.now())).toBeLessThan(10_000);
  expect(statSync(join(dataDir, 'journal.ndjson')).mode & 0o777).toBe(0o600);
});

test('a run that has nothing to say touches nothing', async () => {
  const dataDir = temporaryFolder();
  await record(dataDir, []);
  expect(readdirSync(dataDir)).toEqual(['lock']);
  await record(dataDir, [intent()]);
  await locked(dataDir, (lock) => writeGeneration(lock, { origin: 'reconcile', desired: desiredState() }));
  const before = snapshot(dataDir);
  await locked(dataDir, (lock) => {
    const journal = Journal.open(lock);
    expect(journal.openIntents()).toHaveLength(1);
    expect(journal.torn).toBeUndefined();
  });
  expect(snapshot(dataDir)).toEqual(before);
});

test('an intent is open until something is written of it', async () => {
  const dataDir = temporaryFolder();
  await record(dataDir, [intent(), intent(), done(1), intent()]);
  const open = await locked(dataDir, (lock) => Journal.open(lock).openIntents());
  expect(open.map(({ seq }) => seq)).toEqual([2, 4]);
});

test('records that are written together are one chain, each with its own seq', async () => {
  const dataDir = temporaryFolder();
  const written = await locked(dataDir, (lock) => {
    const journal = Journal.open(lock);
    expect(journal.appendAll([])).toEqual([]);
    journal.append(intent());
    return [...journal.appendAll([intent(2), intent(2), intent(2)]), journal.append(done(2))];
  });
  expect(written.map(({ seq }) => seq)).toEqual([2, 3, 4, 5]);
  const { records, damage } = readJournal(dataDir);
  expect(damage).toBeUndefined();
  expect(records.slice(1)).toEqual(written);
});

test('a last line torn at any byte is cut off, kept, and written over', async () => {
  const dataDir = temporaryFolder();
  const file = join(dataDir, 'journal.ndjson');
  await record(dataDir, [intent(), done(1)]);
  const whole = readFileSync(file);
  const start = whole.indexOf('\n') + 1;
  for (const at of places(whole.length - start - 1)) {
    const end = start + 1 + at;
    writeFileSync(file, whole.subarray(0, end));
    await locked(dataDir, (lock) => {
      const journal = Journal.open(lock);
      expect(journal.records).toHaveLength(1);
      expect(journal.torn?.bytes).toBe(end - start);
      const kept = journal.torn?.file ?? '';
      expect(kept).toContain(join(dataDir, 'journal.torn-'));
      expect(readFileSync(kept)).toEqual(whole.subarray(start, end));
      rmSync(kept);
      journal.append(done(1));
    });
    const { records, damage, torn } = readJournal(dataDir);
    expect([records.length, damage, torn]).toEqual([2, undefined, undefined]);
  }
});

test('a crash while a torn line was being cut off leaves one copy of it', async () => {
  const dataDir = temporaryFolder();
  const file = join(dataDir, 'journal.ndjson');
  await record(dataDir, [intent()]);
  for (let run = 0; run < 2; run++) {
    appendFileSync(file, '{"seq":2,"pre');
    await record(dataDir, []);
  }
  expect(readdirSync(dataDir).filter((name) => name.startsWith('journal.torn-'))).toHaveLength(1);
});

test('damage anywhere else refuses, names the line and changes nothing', async () => {
  const dataDir = temporaryFolder();
  const file = join(dataDir, 'journal.ndjson');
  await record(dataDir, [intent(), done(1), intent(2)]);
  writeFileSync(file, readFileSync(file, 'utf8').replace('"done"', '"failed"'));
  const before = snapshot(dataDir);
  for (const change of [
    () => record(dataDir, [intent()]),
    () => locked(dataDir, (lock) => writeGeneration(lock, { origin: 'reconcile', desired: desiredState() })),
  ]) {
    const error = await errorOf(change);
    expect(error).toMatchObject({ exitCode: EXIT.journal });
    expect(error?.message).toContain(`line 2 of ${file} cannot be trusted`);
    expect(error?.hint).toContain('xdpkeep journal repair');
  }
  expect(snapshot(dataDir)).toEqual(before);
});

test('a journal that was deleted is damage, not an empty one', async () => {
  const dataDir = temporaryFolder();
  await locked(dataDir, (lock) => writeGeneration(lock, { origin: 'reconcile', desired: desiredState() }));
  await record(dataDir, [intent()]);
  rmSync(join(dataDir, 'journal.ndjson'));
  expect(readJournal(dataDir).damage).toEqual({
    line: 1,
    reason: 'the journal is gone, though generation 1 is there',
  });
  expect(await errorOf(() => record(dataDir, [intent(2)]))).toMatchObject({ exitCode: EXIT.journal });
  expect(existsSync(join(dataDir, 'journal.ndjson'))).toBe(false);
});

test('a run that was killed between its first generation and its first record left no damage', async () => {
  const dataDir = temporaryFolder();
  await locked(dataDir, (lock) => writeGeneration(lock, { origin: 'reconcile', desired: desiredState() }));
  expect(readJournal(dataDir)).toMatchObject({ records: [], size: 0 });
  await record(dataDir, [intent()]);
  expect(readJournal(dataDir).records).toHaveLength(1);
});

test('a journal that somebody else wrote to during the run is not appended to', async () => {
  const dataDir = temporaryFolder();
  const file = join(dataDir, 'journal.ndjson');
  const error = await errorOf(() =>
    locked(dataDir, (lock) => {
      const journal = Journal.open(lock);
      journal.append(intent());
      truncateSync(file);
      journal.append(done(1));
    }),
  );
  expect(error).toMatchObject({ exitCode: EXIT.journal });
  expect(error?.message).toContain('changed by another process');
  expect(statSync(file).size).toBe(0);
});

test('from where an interface was attached: the last attachment of this boot, by the place of its intent', () => {
  const at = (netns: number, boot = 'now') => ({ seq: 0, prev: '', time: '', boot, netns, generation: 1 });
  const records: JournalRecord[] = [
    { ...at(1), phase: 'intent', step: attachStep('a') },
    { ...at(2), phase: 'done', step: attachStep('a'), of: 1 },
    { ...at(3), phase: 'done', step: attachStep('b') },
    { ...at(4), phase: 'done', step: { ...reattachStep(8), interface: 'b' } },
    { ...at(5), phase: 'done', step: { ...swapStep(8), interface: 'b' } },
    { ...at(6), phase: 'failed', step: attachStep('b') },
    { ...at(7, 'before'), phase: 'done', step: attachStep('c') },
    { ...at(8), phase: 'done', step: attachStep('veth0') },
    { ...at(9), phase: 'done', step: detachStep() },
    { ...at(10, 'before'), phase: 'intent', step: attachStep('d') },
    { ...at(11), phase: 'done', step: attachStep('d'), of: 10 },
    { ...at(12), phase: 'done', step: { kind: 'resume', reason: '' } },
  ];
  expect([...attachedFrom(records, 'now')]).toEqual([
    ['a', 1],
    ['b', 4],
  ]);
});
