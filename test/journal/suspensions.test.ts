// Suspensions, of the command and of files: in doubt it is suspended.
import { chmodSync, existsSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, test } from 'vitest';
import { Journal } from '../../src/journal/journal.js';
import type { WriterLock } from '../../src/journal/lock.js';
import { suspensionFile } from '../../src/journal/paths.js';
import { readJournal } from '../../src/journal/read.js';
import { writeSealed } from '../../src/journal/sealed.js';
import {
  addSuspension,
  endExpired,
  endSuspensions,
  type NewSuspension,
} from '../../src/journal/suspension-writer.js';
import { readStored, readSuspensions, type StoredSuspension } from '../../src/journal/suspensions.js';
import { bootId, uptime } from '../../src/kernel/boot.js';
import { locked, temporaryFolder } from './support.js';

const made = (change: Partial<NewSuspension> = {}): NewSuspension => ({
  ...{ reason: 'maintenance', by: 'alice', duration: 60_000 },
  ...change,
});
const time = '2026-01-01T00:00:00.000Z';
const stored = (seconds: number, change: Partial<StoredSuspension> = {}): StoredSuspension => ({
  ...{ reason: 'maintenance', by: 'alice', since: time, until: time },
  ...{ boot: bootId(), uptime: uptime() + seconds },
  ...change,
});
const writer = <T>(dataDir: string, work: (lock: WriterLock, journal: Journal) => T) =>
  locked(dataDir, (lock) => work(lock, Journal.open(lock)));
const add = (dataDir: string, ...all: NewSuspension[]) =>
  writer(dataDir, (lock, journal) => all.map((one) => addSuspension(lock, journal, one)));
const end = (dataDir: string, only?: string) =>
  writer(dataDir, (lock, journal) => endSuspensions(lock, journal, 'by alice', only));
const write = (dataDir: string, ...suspensions: object[]) =>
  locked(dataDir, (lock) =>
    writeSealed(lock, suspensionFile(dataDir), 'Suspensions', { suspensions }, 'write'),
  );
const steps = (dataDir: string) => readJournal(dataDir).records.map(({ step }) => step);

test('one that is made is in force and on record, in the place of that of the same interface', async () => {
  const dataDir = temporaryFolder();
  expect(readSuspensions(dataDir)).toEqual([]);
  const [a] = await add(dataDir, made({ interface: 'a' }));
  const about = { reason: 'maintenance', by: 'alice' };
  const times = { since: expect.any(String) as string, until: expect.any(String) as string };
  expect(a).toStrictEqual({ interface: 'a', ...about, ...times });
  expect(Date.parse(a?.until ?? '') - Date.parse(a?.since ?? '')).toBeCloseTo(60_000, -2);
  expect(steps(dataDir)).toEqual([
    { kind: 'suspend', reason: `a was suspended (maintenance), by alice, until ${a?.until ?? ''}` },
  ]);
  const [all] = await add(dataDir, made({ reason: 'storm' }), made({ interface: 'a', reason: 'again' }));
  expect(all).toStrictEqual({ reason: 'storm', by: 'alice', ...times });
  expect(readSuspensions(dataDir).map(({ interface: only, reason }) => [only, reason])).toEqual([
    [undefined, 'storm'],
    ['a', 'again'],
  ]);
  expect(steps(dataDir)[1]).toMatchObject({
    reason: expect.stringMatching(/^everything was suspended/) as string,
  });
});

test('an end ends that of one interface, or every one, and says so of each', async () => {
  const dataDir = temporaryFolder();
  expect(await end(dataDir)).toEqual([]);
  await add(dataDir, made({ interface: 'a' }), made({ interface: 'b' }), made());
  expect(await end(dataDir, 'c')).toEqual([]);
  expect(steps(dataDir)).toHaveLength(3);
  expect(await end(dataDir, 'a')).toMatchObject([{ interface: 'a' }]);
  expect(readSuspensions(dataDir).map(({ interface: only }) => only)).toEqual(['b', undefined]);
  const ended = await end(dataDir);
  expect(ended.map(({ interface: only }) => only)).toEqual(['b', undefined]);
  expect(ended[0]).not.toHaveProperty('boot');
  expect(steps(dataDir).slice(3)).toEqual([
    { kind: 'resume', reason: 'by alice: a was suspended (maintenance)' },
    { kind: 'resume', reason: 'by alice: b was suspended (maintenance)' },
    { kind: 'resume', reason: 'by alice: everything was suspended (maintenance)' },
  ]);
  expect(existsSync(suspensionFile(dataDir))).toBe(false);
});

test('what is over suspends nothing, and is forgotten with a record', async () => {
  const dataDir = temporaryFolder();
  await locked(dataDir, endExpired);
  await write(dataDir, stored(1000, { interface: 'a' }));
  await locked(dataDir, endExpired);
  expect(steps(dataDir)).toEqual([]);
  await write(dataDir, stored(-1, { interface: 'b' }), stored(1000, { interface: 'a' }), stored(-1));
  expect(readSuspensions(dataDir)).toMatchObject([{ interface: 'a' }]);
  expect(await end(dataDir, 'b'), 'it is over already').toEqual([]);
  await locked(dataDir, endExpired);
  expect(readStored(dataDir).made).toMatchObject([{ interface: 'a' }]);
  expect(steps(dataDir)).toEqual([
    { kind: 'resume', reason: 'its time is over: b was suspended (maintenance)' },
    { kind: 'resume', reason: 'its time is over: everything was suspended (maintenance)' },
  ]);
});

test('one that is added to what is over drops that', async () => {
  const dataDir = temporaryFolder();
  await write(dataDir, stored(-1, { interface: 'a' }));
  await add(dataDir, made({ interface: 'b' }));
  expect(readStored(dataDir).made).toMatchObject([{ interface: 'b' }]);
});

test('a damaged file suspends everything until all of it is ended', async () => {
  const dataDir = temporaryFolder();
  const file = suspensionFile(dataDir);
  writeFileSync(file, 'nonsense');
  const damaged = { by: 'unknown', since: '1970-01-01T00:00:00.000Z', file };
  expect(readSuspensions(dataDir)).toEqual([
    { ...damaged, reason: expect.stringContaining('is damaged') as string },
  ]);
  expect(await end(dataDir, 'a')).toEqual([]);
  expect(existsSync(file)).toBe(true);
  expect(await end(dataDir)).toMatchObject([damaged]);
  expect(existsSync(file)).toBe(false);
  expect(steps(dataDir)).toMatchObject([{ kind: 'resume' }]);
});

it.each<[string, object]>([
  ['an end that is no time', { until: 'later' }],
  ['no reason', { reason: undefined }],
])('a suspension with %s is damage, too', async (_what, change) => {
  const dataDir = temporaryFolder();
  await write(dataDir, { ...stored(1000), ...change });
  expect(readSuspensions(dataDir)).toMatchObject([{ by: 'unknown' }]);
});

test('what is no fault of the file comes through', () => {
  expect(() => readSuspensions('/proc/1\0')).toThrow('null bytes');
});

/** What lies at `suspend` in a data directory. */
function byFile(make: (path: string) => void) {
  const dataDir = temporaryFolder();
  const file = join(dataDir, 'suspend');
  make(file);
  return { file, suspensions: readSuspensions(dataDir) };
}

test('a file suspends from the moment that it was made, by who made it', () => {
  const { file, suspensions } = byFile((path) => {
    writeFileSync(path, '  storm on the uplink\nand more\n');
    utimesSync(path, 1_767_225_600, 1_767_225_600);
  });
  const by = `uid ${process.getuid?.() ?? ''}`;
  expect(suspensions).toEqual([{ reason: 'storm on the uplink', by, since: time, file }]);
});

it.each<[string, (path: string) => void, string]>([
  [
    'an empty file',
    (path) => {
      writeFileSync(path, ' \n');
    },
    'no reason is given',
  ],
  [
    'a folder',
    (path) => {
      mkdirSync(path);
    },
    'no reason is given: it is not a regular file',
  ],
  [
    'a link that leads nowhere',
    (path) => {
      symlinkSync('nowhere', path);
    },
    'no reason is given: it is not a regular file',
  ],
  [
    'a long line',
    (path) => {
      writeFileSync(path, 'x'.repeat(5000));
    },
    'xxx',
  ],
])('%s suspends as well', (_what, make, reason) => {
  const { suspensions } = byFile(make);
  expect(suspensions).toHaveLength(1);
  expect(suspensions[0]?.reason.startsWith(reason)).toBe(true);
  expect(suspensions[0]?.reason.length).toBeLessThanOrEqual(200);
});

test('a reason of many bytes is read to its end', () => {
  const { suspensions } = byFile((path) => {
    writeFileSync(path, 'ä'.repeat(150));
  });
  expect(suspensions).toMatchObject([{ reason: 'ä'.repeat(150) }]);
});

test('a place that is no folder holds no file; one that cannot be looked at suspends', () => {
  const folder = temporaryFolder();
  const loop = join(folder, 'loop');
  symlinkSync('loop', loop);
  expect(readSuspensions(loop).find(({ file }) => file === join(loop, 'suspend'))).toEqual({
    reason: `${join(loop, 'suspend')} cannot be read (ELOOP)`,
    by: 'unknown',
    since: '1970-01-01T00:00:00.000Z',
    file: join(loop, 'suspend'),
  });
  const file = join(folder, 'file');
  writeFileSync(file, '');
  chmodSync(file, 0o600);
  const found = readSuspensions(file).map((one) => one.file);
  expect(found).not.toContain(join(file, 'suspend'));
});
