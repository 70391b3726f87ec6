// A disk that fills up between an intent and its outcome.
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Journal } from '../../src/journal/journal.js';
import { readJournal } from '../../src/journal/read.js';
import { EXIT } from '../../src/model/errors.js';
import { smallFileSystem } from './small-file-system.js';
import { done, errorOf, intent, locked, record } from './support.js';

/** Takes all the room that there is. */
function fill(folder: string): void {
  for (let size = 1 << 20; size >= 1; size >>= 1) {
    try {
      writeFileSync(join(folder, `filler-${size}`), Buffer.alloc(size), { flag: 'a' });
      size <<= 1;
    } catch {
      // smaller, then
    }
  }
}

test('every outcome of a run is written, and the next intent is not before there is room again', async () => {
  const { folder } = smallFileSystem('256k');
  await locked(folder, (lock) => {
    const journal = Journal.open(lock);
    const intents = [intent(), intent(), intent()].map((entry) => journal.append(entry));
    fill(folder);
    for (const { seq } of intents) journal.append({ ...done(seq), note: 'x'.repeat(2000) });
  });
  const { records, damage, torn } = readJournal(folder);
  expect(records.map(({ phase }) => phase)).toEqual(['intent', 'intent', 'intent', 'done', 'done', 'done']);
  expect([damage, torn]).toEqual([undefined, undefined]);
  fill(folder);
  const refused = await errorOf(() => record(folder, [intent()]));
  expect(refused).toMatchObject({
    exitCode: EXIT.journal,
    message: expect.stringContaining('ENOSPC') as string,
  });
  expect(readJournal(folder)).toMatchObject({ records: { length: 6 } });
});

test('it grows with the intents, and only outcomes may have it', async () => {
  const { folder } = smallFileSystem('256k');
  await record(folder, [intent()]);
  const before = statSync(join(folder, 'reserve')).size;
  const long = { ...intent(), note: 'y'.repeat(30_000) };
  await record(folder, [long, long]);
  expect(statSync(join(folder, 'reserve')).size).toBeGreaterThan(before + 60_000);
  fill(folder);
  const hold = { generation: 1, phase: 'done', step: { kind: 'hold', reason: 'z'.repeat(9000) } } as const;
  expect(await errorOf(() => record(folder, [hold]))).toMatchObject({ exitCode: EXIT.journal });
  expect(statSync(join(folder, 'reserve')).size).toBeGreaterThan(60_000);
});
