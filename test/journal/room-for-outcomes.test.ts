// A disk that is full, made up: appending fails as it would there. That a real one does so is for reserve.test.ts to show.
import { existsSync, statSync } from 'node:fs';
import { afterEach, beforeEach, expect, it, test, vi } from 'vitest';
import * as durable from '../../src/disk/durable.js';
import { Journal } from '../../src/journal/journal.js';
import { journalFile, reserveFile } from '../../src/journal/paths.js';
import { readJournal } from '../../src/journal/read.js';
import { keepReserve, spendReserve } from '../../src/journal/reserve.js';
import { EXIT } from '../../src/model/errors.js';
import type { JournalEntry } from '../../src/model/record.js';
import { attachStep, done, errorOf, intent, locked, temporaryFolder } from './support.js';

let dataDir: string;
beforeEach(() => {
  dataDir = temporaryFolder();
});
afterEach(() => {
  vi.restoreAllMocks();
});
const reserve = () => statSync(reserveFile(dataDir)).size;

/** The next append fails so. */
function failOnce(code: string): void {
  const error = Object.assign(new Error(code), { code, errno: -1 });
  vi.spyOn(durable, 'appendToFile').mockImplementationOnce(() => {
    throw error;
  });
}

test('room is kept for what is open and its notes, and never less than there was', () => {
  keepReserve(dataDir, 100);
  expect(reserve()).toBe(16_384 + 100);
  const { ino } = statSync(reserveFile(dataDir));
  keepReserve(dataDir, 100);
  keepReserve(dataDir, 50);
  expect(statSync(reserveFile(dataDir))).toMatchObject({ ino, size: 16_484 });
  keepReserve(dataDir, 101);
  expect(reserve()).toBe(16_485);
  expect([spendReserve(dataDir), spendReserve(dataDir)]).toEqual([true, false]);
});

test('it grows with each intent of a run, and with nothing else', () =>
  locked(dataDir, (lock) => {
    const journal = Journal.open(lock);
    journal.appendDone({ kind: 'hold', reason: 'too strict' });
    expect(existsSync(reserveFile(dataDir))).toBe(false);
    const before = statSync(journalFile(dataDir)).size;
    journal.appendAll([intent(), intent()]);
    journal.append(intent());
    const written = statSync(journalFile(dataDir)).size - before;
    expect(reserve()).toBe(16_384 + written);
    expect(journal.appendAll([])).toEqual([]);
  }));

const outcome: JournalEntry = done(1);
const failed: JournalEntry = { generation: 1, phase: 'done', step: attachStep() };

it.each<[string, string, JournalEntry[], boolean]>([
  ['an outcome on a full disk', 'ENOSPC', [outcome], true],
  ['an outcome over the quota', 'EDQUOT', [outcome], true],
  ['an outcome on a disk that is read-only', 'EROFS', [outcome], false],
  ['what is no outcome', 'ENOSPC', [failed], false],
  ['an outcome beside something else', 'ENOSPC', [outcome, failed], false],
])('%s (%s)', async (_what, code, entries, isWritten) => {
  await locked(dataDir, async (lock) => {
    const journal = Journal.open(lock);
    journal.append(intent());
    failOnce(code);
    const error = await errorOf(() => journal.appendAll(entries));
    expect(existsSync(reserveFile(dataDir)), 'the room is given up').toBe(!isWritten);
    if (isWritten) expect(error).toBeUndefined();
    else {
      expect(error).toMatchObject({
        exitCode: EXIT.journal,
        message: expect.stringContaining(code) as string,
      });
      const after = await errorOf(() => journal.append(outcome));
      expect(after?.message).toContain('takes no more records in this run');
    }
  });
  expect(readJournal(dataDir).records).toHaveLength(isWritten ? 2 : 1);
});

test('without room that was kept, it fails', async () => {
  await locked(dataDir, async (lock) => {
    const journal = Journal.open(lock);
    journal.append(intent());
    spendReserve(dataDir);
    failOnce('ENOSPC');
    expect(await errorOf(() => journal.append(outcome))).toMatchObject({ exitCode: EXIT.journal });
  });
});
