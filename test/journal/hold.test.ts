import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clearHold, readHold, writeHold } from '../../src/journal/hold.js';
import { endHold } from '../../src/journal/end-hold.js';
import { Journal } from '../../src/journal/journal.js';
import { readJournal } from '../../src/journal/read.js';
import { EXIT } from '../../src/model/errors.js';
import type { Hold } from '../../src/model/reconciliation.js';
import { places } from '../support/budget.js';
import { errorOf, locked, temporaryFolder } from './support.js';

const HOLD: Hold = {
  digests: ['d1', 'd2'],
  generation: 3,
  reason: 'too strict',
  since: '2026-01-02T03:04:05.678Z',
};

function hold(dataDir: string, value: Hold): Promise<void> {
  return locked(dataDir, (lock) => {
    writeHold(lock, value);
  });
}

test('a hold is read as it was written, replaced, and cleared', async () => {
  const dataDir = temporaryFolder();
  expect(readHold(dataDir)).toBeUndefined();
  await hold(dataDir, HOLD);
  expect(readHold(dataDir)).toEqual(HOLD);
  expect(statSync(join(dataDir, 'hold.json')).mode & 0o777).toBe(0o600);
  await hold(dataDir, { ...HOLD, generation: 4 });
  expect(readHold(dataDir)).toEqual({ ...HOLD, generation: 4 });
  expect(await locked(dataDir, clearHold)).toBe(true);
  expect(await locked(dataDir, clearHold)).toBe(false);
  expect(readHold(dataDir)).toBeUndefined();
  expect(readdirSync(dataDir)).toEqual(['lock']);
});

test('no byte of a hold can be changed so that another one is read, or none', async () => {
  const dataDir = temporaryFolder();
  await hold(dataDir, HOLD);
  const file = join(dataDir, 'hold.json');
  const bytes = readFileSync(file);
  for (const at of places(bytes.length)) {
    const flipped = Buffer.from(bytes);
    flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << ((at * 3) % 8)), at);
    writeFileSync(file, flipped);
    const read: { hold: Hold | undefined } = { hold: HOLD };
    await errorOf(() => (read.hold = readHold(dataDir)));
    expect(read.hold).toEqual(HOLD);
  }
});

test.each(['', '{}', 'null', '{"digests":["d1"]}'])(
  '%j instead of a hold is an error, and can be cleared',
  async (text) => {
    const dataDir = temporaryFolder();
    writeFileSync(join(dataDir, 'hold.json'), text);
    const error = await errorOf(() => readHold(dataDir));
    expect(error).toMatchObject({ exitCode: EXIT.journal });
    expect(error?.message).toContain('hold.json is damaged');
    await locked(dataDir, clearHold);
    expect(readHold(dataDir)).toBeUndefined();
  },
);

test('the end of a hold is on record', async () => {
  const dataDir = temporaryFolder();
  await hold(dataDir, HOLD);
  await locked(dataDir, (lock) => {
    endHold(lock, Journal.open(lock), 'all clear');
  });
  expect(readHold(dataDir)).toBeUndefined();
  expect(readJournal(dataDir).records).toMatchObject([
    { step: { kind: 'resume', reason: 'all clear' }, phase: 'done' },
  ]);
});
