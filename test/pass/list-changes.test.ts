// Lists against those that were applied last: what came and went, and when that is too much.
import { rmSync, writeFileSync } from 'node:fs';
import { beforeEach, expect, it, test } from 'vitest';
import { toAddressSet } from '../../src/disk/address-sets.js';
import { DiskObjectStore } from '../../src/disk/object-store.js';
import { writeGeneration } from '../../src/journal/generation-writer.js';
import { generationFile } from '../../src/journal/paths.js';
import type { DesiredList } from '../../src/model/desired.js';
import { EXIT, JournalError } from '../../src/model/errors.js';
import { listChanges, refuseCollapse } from '../../src/pass/list-changes.js';
import { errorOf, locked, temporaryFolder } from '../journal/support.js';
import { desired } from '../support/states.js';

let dataDir: string;
beforeEach(() => {
  dataDir = temporaryFolder();
});

/** A list of so many single addresses, every other one from here on. */
const list = (count: number, change: Partial<DesiredList> & { from?: number } = {}): DesiredList => {
  const { from = 0, ...rest } = change;
  const four = Uint32Array.from({ length: 2 * count }, (_, at) => from + 2 * (at >> 1));
  const set = toAddressSet({ four, six: new Uint32Array() }, ['l'], new DiskObjectStore(dataDir));
  return { name: 'l', set, entries: count, ...rest };
};
const state = (...lists: DesiredList[]) => ({ ...desired(), lists });
const applied = (...lists: DesiredList[]) =>
  locked(dataDir, (lock) => writeGeneration(lock, { origin: 'reconcile', desired: state(...lists) }));
const refusal = (...lists: DesiredList[]) =>
  errorOf(() => {
    refuseCollapse(dataDir, state(...lists));
  });

it.each<[string, number, number, Partial<DesiredList>, string | undefined]>([
  ['no limit', 10, 0, {}, undefined],
  ['as much as it may lose', 10, 8, { maxShrink: 20 }, undefined],
  ['more than it may lose', 10, 7, { maxShrink: 20 }, 'maxShrink (20%)'],
  ['as much as may come', 10, 15, { maxGrow: 50 }, undefined],
  ['more than may come', 10, 16, { maxGrow: 50 }, 'maxGrow (50%)'],
  ['more than may come, and loss without a limit', 10, 16, { maxGrow: 50, maxShrink: 100 }, 'maxGrow (50%)'],
  ['too much gone, though growth is limited', 10, 1, { maxGrow: 50, maxShrink: 50 }, 'maxShrink (50%)'],
  ['growth from nothing', 0, 100, { maxGrow: 1 }, undefined],
])('%s: %i ranges, then %i', async (_what, before, after, limits, limit) => {
  await applied(list(before));
  const error = await refusal(list(after, limits));
  if (limit === undefined) expect(error).toBeUndefined();
  else
    expect(error).toMatchObject({
      exitCode: EXIT.refused,
      message: `list l has ${after} ranges, and had ${before} when it was last applied: that is more than ${limit} allows`,
      hint: expect.stringContaining('Restore the list') as string,
    });
});

test('what was never applied may be anything, and so may a state without lists', async () => {
  expect(await refusal(list(1, { maxGrow: 1, maxShrink: 1 }))).toBeUndefined();
  refuseCollapse(dataDir, desired());
  await applied(list(10, { name: 'other' }));
  expect(await refusal(list(1, { maxGrow: 1, maxShrink: 1 }))).toBeUndefined();
});

test('every list that lost too much is named; the newest generation that has a list counts', async () => {
  await applied(list(100), list(10, { name: 'm' }));
  await applied(list(10), list(10, { name: 'm' }));
  await applied(list(10, { name: 'm' }));
  expect(await refusal(list(9, { maxShrink: 50 }))).toBeUndefined();
  const error = await refusal(list(1, { maxShrink: 50 }), list(2, { name: 'm', maxShrink: 50 }));
  expect(error?.message.split('; ')).toEqual([
    expect.stringMatching(/^list l has 1 ranges, and had 10/),
    expect.stringMatching(/^list m has 2 ranges, and had 10/),
  ]);
});

test('a generation that cannot be read is passed over', async () => {
  await applied(list(10));
  await applied(list(100));
  writeFileSync(generationFile(dataDir, 2), 'nonsense');
  expect((await refusal(list(1, { maxShrink: 50 })))?.message).toContain('had 10 when');
  rmSync(generationFile(dataDir, 1));
  expect(await refusal(list(1, { maxShrink: 50 }))).toBeUndefined();
});

test('changes are counted in ranges, list by list, and what is the same is not told', () => {
  const merged = { duplicates: 1, overlaps: 2 };
  const now = state(list(10, { from: 4, merged }), list(3, { name: 'same' }), list(2, { name: 'new' }));
  const before = state(list(3, { name: 'same' }), list(10));
  expect(listChanges(before, now)).toStrictEqual([
    { name: 'l', entries: 10, merged, ranges: 10, added: 2, removed: 2 },
    { name: 'new', entries: 2, ranges: 2, added: 2, removed: 0 },
  ]);
  expect(listChanges(undefined, state(list(2)))).toStrictEqual([
    { name: 'l', entries: 2, ranges: 2, added: 2, removed: 0 },
  ]);
  expect(listChanges({}, state(list(2)))).toHaveLength(1);
  expect(listChanges(before, desired())).toEqual([]);
});

test('where the old content is lost, the whole list is counted', () => {
  const lost = list(5);
  lost.set = {
    ...lost.set,
    content: () => {
      throw new JournalError('gone', { hint: '' });
    },
  };
  expect(listChanges(state(lost), state(list(10)))).toMatchObject([{ added: 10, removed: 5 }]);
});
