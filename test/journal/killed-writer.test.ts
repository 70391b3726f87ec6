// A writer that is killed, at any moment: what it left of the journal and of generations.
// needs: time
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { listGenerations } from '../../src/journal/generation-list.js';
import { writeGeneration } from '../../src/journal/generation-writer.js';
import { readGeneration } from '../../src/journal/generations.js';
import { readJournal } from '../../src/journal/read.js';
import { buildWriter, desiredState, intent, locked, record, temporaryFolder } from './support.js';

test('whenever a writer is killed, what it left is sound', async () => {
  const start = await buildWriter();
  const dataDir = temporaryFolder();
  let records = 0;
  for (const milliseconds of [5, 20, 45]) {
    const writer = start('busy', dataDir);
    await writer.said;
    await setTimeout(milliseconds);
    await writer.kill();
    expect(readJournal(dataDir).damage).toBeUndefined();
    await record(dataDir, [intent()]);
    const now = readJournal(dataDir);
    expect(now.torn).toBeUndefined();
    expect(now.records.length).toBeGreaterThan(records);
    records = now.records.length;
  }
});

test('whenever the writer is killed, every generation that is there is whole', async () => {
  const start = await buildWriter();
  const dataDir = temporaryFolder();
  for (const milliseconds of [0, 3, 6, 9, 12, 15, 18]) {
    const writer = start('busy', dataDir);
    await writer.said;
    await setTimeout(milliseconds);
    await writer.kill();
    for (const number of listGenerations(dataDir)) {
      expect(readGeneration(dataDir, number).desired.digest).toHaveLength(500_000);
    }
  }
  const last = listGenerations(dataDir).at(-1) ?? 0;
  expect(last).toBeGreaterThan(0);
  const next = await locked(dataDir, (lock) =>
    writeGeneration(lock, { origin: 'reconcile', desired: desiredState() }),
  );
  expect(next.number).toBe(last + 1);
  expect(readdirSync(join(dataDir, 'generations'))).toHaveLength(last + 1);
});
