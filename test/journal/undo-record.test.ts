// The undo record of a change on trial: all of it or nothing is read back, and it outlives the data directory. The folder is no
// bpffs: that one keeps these links, too, is for test/trial/ in the lab to show.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { clearPending, readPending, writePending } from '../../src/journal/pending.js';
import { pendingFile } from '../../src/journal/paths.js';
import {
  readTrial,
  readUndoRecord,
  removeUndoRecord,
  type UndoRecord,
  writeUndoRecord,
} from '../../src/journal/undo-record.js';
import { pinPathsOf, type PinPaths } from '../../src/kernel/pin-paths.js';
import { EXIT } from '../../src/model/errors.js';
import type { Pending } from '../../src/model/pending.js';
import type { EffectiveStep } from '../../src/model/step.js';
import { cleanStep, detachStep, errorOf, locked, temporaryFolder } from './support.js';

const pending = (change: Partial<Pending> = {}): Pending => ({
  ...{ id: 'one', generation: 2, previous: 1, written: 'w', phase: 'waiting', boot: 'b' },
  since: '2026-01-01T00:00:00.000Z',
  ...change,
});
const inverses: EffectiveStep[] = [detachStep(7), cleanStep()];

let dataDir: string;
let paths: PinPaths;
beforeEach(() => {
  dataDir = temporaryFolder();
  paths = pinPathsOf(temporaryFolder());
});
const write = (change: Partial<UndoRecord> = {}) =>
  locked(dataDir, (lock) => {
    writeUndoRecord(lock, paths, { pending: pending(), inverses, ...change });
  });
const announce = (change: Partial<Pending> = {}) =>
  locked(dataDir, (lock) => {
    writePending(lock, pending(change));
  });

test('it is read as it was written, and replaced as a whole', async () => {
  expect(readUndoRecord(paths)).toBeUndefined();
  await write();
  expect(readUndoRecord(paths)).toEqual({ pending: pending(), inverses });
  const long = Array.from({ length: 200 }, (_, at) => detachStep(at + 1));
  await write({ inverses: long });
  expect(readUndoRecord(paths)).toEqual({ pending: pending(), inverses: long });
  const pieces = readdirSync(paths.trial);
  expect(pieces.length).toBeGreaterThan(10);
  for (const name of pieces) expect(readlinkSync(join(paths.trial, name)).length).toBeLessThan(4096);
  await write();
  expect(readUndoRecord(paths)).toEqual({ pending: pending(), inverses });
  expect(readdirSync(dirname(paths.trial))).toHaveLength(1);
});

test('what an interrupted writer left is no part of the next one, and goes with it', async () => {
  mkdirSync(`${paths.trial}-new`, { recursive: true });
  symlinkSync('rest', join(`${paths.trial}-new`, '99'));
  expect(readUndoRecord(paths)).toBeUndefined();
  await write();
  expect(readUndoRecord(paths)).toEqual({ pending: pending(), inverses });
  mkdirSync(`${paths.trial}-new`);
  await locked(dataDir, (lock) => {
    removeUndoRecord(lock, paths);
  });
  expect(existsSync(paths.root)).toBe(false);
});

test('one that is removed leaves what else is pinned', async () => {
  await write();
  writeFileSync(join(paths.root, 'other'), '');
  const remove = () =>
    locked(dataDir, (lock) => {
      removeUndoRecord(lock, paths);
    });
  await remove();
  expect(readUndoRecord(paths)).toBeUndefined();
  expect(readdirSync(paths.root)).toEqual(['other']);
  await remove();
});

test('one that has lost a piece, or got a piece of another, is none', async () => {
  const long = Array.from({ length: 40 }, (_, at) => detachStep(at + 1));
  await write({ inverses: long });
  const last = join(paths.trial, String(readdirSync(paths.trial).length - 1));
  rmSync(last);
  expect(readUndoRecord(paths)).toBeUndefined();
  symlinkSync('AAAA', last);
  expect(readUndoRecord(paths)).toBeUndefined();
});

test('it is no use to who has lost the lock', async () => {
  const stale = await locked(dataDir, (lock) => lock);
  expect(() => {
    writeUndoRecord(stale, paths, { pending: pending(), inverses });
  }).toThrow('after its release');
  expect(() => {
    removeUndoRecord(stale, paths);
  }).toThrow('after its release');
});

test('a trial is what was announced, with the way back of the same change', async () => {
  const read = () => readTrial(dataDir, paths);
  expect(read()).toBeUndefined();
  await announce();
  expect(read()).toStrictEqual({ pending: pending(), inverses: [], lost: false });
  await write();
  expect(read()).toStrictEqual({ pending: pending(), inverses, lost: false });
  await write({ pending: pending({ ending: 'cancelled', phase: 'trying' }) });
  expect(read(), 'why it ends is known here alone').toStrictEqual({
    pending: pending({ ending: 'cancelled' }),
    inverses,
    lost: false,
  });
  await announce({ id: 'two' });
  expect(read()).toStrictEqual({ pending: pending({ id: 'two' }), inverses: [], lost: false });
});

test('a data directory that knows nothing of it, or is damaged, does not end it', async () => {
  await write();
  const lost = { pending: pending(), inverses, lost: true };
  expect(readTrial(dataDir, paths)).toStrictEqual(lost);
  writeFileSync(pendingFile(dataDir), 'nonsense');
  expect(readTrial(dataDir, paths)).toStrictEqual(lost);
  rmSync(paths.trial, { recursive: true });
  expect(await errorOf(() => readTrial(dataDir, paths))).toMatchObject({
    exitCode: EXIT.journal,
    hint: expect.stringContaining('detach --all') as string,
  });
  await locked(dataDir, clearPending);
  expect(readPending(dataDir)).toBeUndefined();
  expect(readTrial(dataDir, paths)).toBeUndefined();
});

test('a bug is no damage', async () => {
  await write();
  expect(() => readTrial('/proc/1\0', paths)).toThrow('null bytes');
});
