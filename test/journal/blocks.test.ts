// Blocks as the data directory keeps them: who replaces and ends which, when they are over, and what is on record.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it, onTestFinished, test, vi } from 'vitest';
import { addBlock, endBlocks, type NewBlock, refreshBlocks } from '../../src/journal/block-writer.js';
import { hasBlocks, readBlocks, readStoredBlocks, type StoredBlock } from '../../src/journal/blocks.js';
import { Journal } from '../../src/journal/journal.js';
import { blocksFile } from '../../src/journal/paths.js';
import { readJournal } from '../../src/journal/read.js';
import { writeSealed } from '../../src/journal/sealed.js';
import { bootId, uptime } from '../../src/kernel/boot.js';
import * as model from '../../src/model/blocks.js';
import { EXIT } from '../../src/model/errors.js';
import { errorOf, locked, temporaryFolder } from './support.js';

const network = { family: 4 as const, a: 0xc0000200, b: 0, c: 0, d: 0, length: 24 };
const about = { cidr: '192.0.2.0/24', network, owner: 'operator', reason: 'flood', by: 'root' };
const made = (change: Partial<NewBlock> = {}): NewBlock => ({
  ...about,
  duration: 60_000,
  ...change,
});
const add = (dataDir: string, ...blocks: NewBlock[]) =>
  locked(dataDir, (lock) => blocks.map((one) => addBlock(lock, one)));
/** As the file has it, ending in so many seconds of this boot. */
const stored = (seconds: number, change: Partial<StoredBlock> = {}): StoredBlock => {
  const time = '2026-01-01T00:00:00.000Z';
  return { ...about, since: time, until: time, boot: bootId(), uptime: uptime() + seconds, ...change };
};
const write = (dataDir: string, ...blocks: object[]) =>
  locked(dataDir, (lock) => writeSealed(lock, blocksFile(dataDir), 'Blocks', { blocks }, 'write'));
const steps = (dataDir: string) => readJournal(dataDir).records.map(({ step }) => step);
const inFile = (dataDir: string) =>
  readStoredBlocks(dataDir).map(({ cidr, interface: only }) => [cidr, only]);

test('a host without blocks has none, and no file; one that is added is there, and on record', async () => {
  const dataDir = temporaryFolder();
  expect([hasBlocks(dataDir), readBlocks(dataDir)]).toEqual([false, []]);
  const before = uptime();
  const [added] = await add(dataDir, made({ interface: 'a' }));
  const block = {
    ...{ cidr: '192.0.2.0/24', interface: 'a', owner: 'operator', reason: 'flood', by: 'root' },
    since: expect.any(String) as string,
    until: expect.any(String) as string,
  };
  expect(added?.block).toStrictEqual(block);
  expect(hasBlocks(dataDir)).toBe(true);
  expect(readBlocks(dataDir)).toStrictEqual([block]);
  const [kept] = readStoredBlocks(dataDir);
  expect(kept).toEqual(added?.stored[0]);
  expect(kept).toMatchObject({ network, boot: bootId() });
  expect(kept?.uptime).toBeGreaterThanOrEqual(before + 60);
  expect(kept?.uptime).toBeLessThan(uptime() + 61);
  expect(Date.parse(kept?.until ?? '') - Date.parse(kept?.since ?? '')).toBeCloseTo(60_000, -2);
  expect(steps(dataDir)).toEqual([
    {
      kind: 'block',
      reason: `192.0.2.0/24 on a, until ${added?.block.until ?? ''}, by root (flood)`,
    },
  ]);
});

test('a block on every interface names none', async () => {
  const dataDir = temporaryFolder();
  const [added] = await add(dataDir, made());
  expect(added?.block).not.toHaveProperty('interface');
});

test('one takes the place of that of the same network, interface and owner alone', async () => {
  const dataDir = temporaryFolder();
  await add(dataDir, made({ reason: 'old' }), made({ cidr: '198.51.100.1' }));
  await add(dataDir, made({ interface: 'a' }), made({ owner: 'fail2ban' }), made({ reason: 'new' }));
  expect(
    readBlocks(dataDir).map(({ cidr, interface: only, owner, reason }) => [cidr, only, owner, reason]),
  ).toEqual([
    ['198.51.100.1', undefined, 'operator', 'flood'],
    ['192.0.2.0/24', 'a', 'operator', 'flood'],
    ['192.0.2.0/24', undefined, 'fail2ban', 'flood'],
    ['192.0.2.0/24', undefined, 'operator', 'new'],
  ]);
});

test('there are only so many, and one that replaces another is no further one', async () => {
  const dataDir = temporaryFolder();
  vi.spyOn(model, 'MOST_BLOCKS', 'get').mockReturnValue(2 as never);
  onTestFinished(() => void vi.restoreAllMocks());
  await add(dataDir, made(), made({ interface: 'a' }), made());
  const error = await errorOf(() => add(dataDir, made({ interface: 'b' })));
  expect(error).toMatchObject({
    exitCode: EXIT.refused,
    message: 'there are 2 blocks already, the most that a host can have',
    hint: expect.stringContaining('wider network') as string,
  });
  expect(steps(dataDir)).toHaveLength(3);
});

test('an end says what it has ended and what goes on, and the last one takes the file along', async () => {
  const dataDir = temporaryFolder();
  await add(dataDir, made(), made({ owner: 'fail2ban' }), made({ cidr: '198.51.100.1' }));
  const end = (change: object) =>
    locked(dataDir, (lock) => endBlocks(lock, { cidr: '192.0.2.0/24', ...change }, 'alice'));
  const nothing = await end({ owner: 'nobody' });
  expect([nothing.ended, nothing.left.length, nothing.stored.length]).toEqual([[], 2, 3]);
  expect(steps(dataDir)).toHaveLength(3);

  const one = await end({ owner: 'operator' });
  expect(one.ended).toMatchObject([{ owner: 'operator' }]);
  expect(one.ended[0]).not.toHaveProperty('network');
  expect(one.left).toMatchObject([{ owner: 'fail2ban' }]);
  expect(one.left[0]).not.toHaveProperty('network');
  expect(one.stored.map(({ cidr, owner }) => [cidr, owner])).toEqual([
    ['192.0.2.0/24', 'fail2ban'],
    ['198.51.100.1', 'operator'],
  ]);
  expect(readStoredBlocks(dataDir)).toEqual(one.stored);
  expect(steps(dataDir).at(-1)).toMatchObject({
    kind: 'unblock',
    reason: expect.stringMatching(/^by alice: 192\.0\.2\.0\/24 on every interface, until /) as string,
  });
  await end({});
  await end({ cidr: '198.51.100.1' });
  expect(existsSync(blocksFile(dataDir))).toBe(false);
});

test('those whose time is over count no more, and are forgotten with a record by the next writer', async () => {
  const dataDir = temporaryFolder();
  const [over, other] = [stored(-1), stored(-5, { cidr: '203.0.113.1' })];
  await write(dataDir, over, stored(1000, { cidr: '198.51.100.1' }), other);
  expect(readBlocks(dataDir).map(({ cidr }) => cidr)).toEqual(['198.51.100.1']);
  expect(readStoredBlocks(dataDir)).toHaveLength(3);
  const left = await locked(dataDir, (lock) => refreshBlocks(lock));
  expect(left.map(({ cidr }) => cidr)).toEqual(['198.51.100.1']);
  expect(readStoredBlocks(dataDir)).toEqual(left);
  expect(steps(dataDir)).toEqual([
    { kind: 'unblock', reason: 'their time is over: 192.0.2.0/24, 203.0.113.1' },
  ]);
});

test('the journal of the caller takes the record', async () => {
  const dataDir = temporaryFolder();
  await write(dataDir, stored(-1));
  const records = await locked(dataDir, (lock) => {
    const journal = Journal.open(lock);
    refreshBlocks(lock, new Map(), journal);
    return [...journal.records];
  });
  expect(records).toMatchObject([{ step: { kind: 'unblock' } }]);
});

test('a pass with nothing to do leaves the file as it is; renamed interfaces are followed', async () => {
  const dataDir = temporaryFolder();
  await write(dataDir, stored(1000, { interface: 'a' }), stored(1000, { interface: 'b' }), stored(1000));
  const before = readFileSync(blocksFile(dataDir));
  const refresh = (names: [string, string][] = []) =>
    locked(dataDir, (lock) => refreshBlocks(lock, new Map(names)));
  await locked(dataDir, (lock) => {
    refreshBlocks(lock);
    expect(readFileSync(blocksFile(dataDir))).toEqual(before);
    return refreshBlocks(lock, new Map([['c', 'd']]));
  });
  expect(readFileSync(blocksFile(dataDir))).toEqual(before);
  await refresh([['a', 'wan']]);
  expect(inFile(dataDir).map(([, only]) => only)).toEqual(['wan', 'b', undefined]);
  expect(readJournal(dataDir).records).toEqual([]);
});

test('after a reboot the wall clock says when they end, and the next writer counts by the new boot', async () => {
  const dataDir = temporaryFolder();
  const at = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
  const old = { boot: 'before', uptime: 5 };
  await write(
    dataDir,
    stored(0, { ...old, until: at(100) }),
    stored(0, { ...old, until: at(-1), interface: 'a', uptime: 1e9 }),
  );
  expect(readBlocks(dataDir)).toHaveLength(1);
  const now = uptime();
  const [left] = await locked(dataDir, (lock) => refreshBlocks(lock));
  expect(left).toMatchObject({ boot: bootId() });
  expect(Math.abs((left?.uptime ?? 0) - now - 100)).toBeLessThan(5);
  expect(readStoredBlocks(dataDir)).toEqual([left]);
});

it.each([
  ['builds before owners wrote none', { owner: undefined }, { owner: 'operator', cidr: '192.0.2.0/24' }],
  [
    'an IPv4-mapped network is the IPv4 network that it means',
    { cidr: '::ffff:192.0.2.1', network: { family: 6, a: 0, b: 0, c: 0xffff, d: 0xc0000201, length: 128 } },
    { cidr: '192.0.2.1', network: { family: 4, a: 0xc0000201, b: 0, c: 0, d: 0, length: 32 } },
  ],
])('of a file of an earlier release: %s', async (_what, change, read) => {
  const dataDir = temporaryFolder();
  await write(dataDir, { ...stored(1000), ...change });
  expect(readStoredBlocks(dataDir)).toMatchObject([read]);
});

const BAD_NETWORK = { ...network, family: 5 };
it.each<[string, object]>([
  ['a network of no family', { network: BAD_NETWORK }],
  ['no network', { network: {} }],
  ['a word that is negative', { network: { ...network, a: -1 } }],
  ['an end that is no time', { until: 'tomorrow' }],
  ['no boot', { boot: undefined }],
])('a file with %s is an error, and no empty list', async (_what, change) => {
  const dataDir = temporaryFolder();
  await write(dataDir, { ...stored(1000), ...change });
  expect(await errorOf(() => readStoredBlocks(dataDir))).toMatchObject({
    exitCode: EXIT.journal,
    message: expect.stringContaining('blocks.json is damaged') as string,
    hint: expect.stringContaining('ends every block') as string,
  });
  writeFileSync(blocksFile(dataDir), '{}');
  expect(await errorOf(() => readBlocks(dataDir))).toMatchObject({ exitCode: EXIT.journal });
});
