// Large address sets are kept beside the generations that name them, once, and small ones in them.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toAddressSet } from '../../src/disk/address-sets.js';
import { DiskObjectStore } from '../../src/disk/object-store.js';
import { collectSets } from '../../src/journal/collect-sets.js';
import { writeGeneration } from '../../src/journal/generation-writer.js';
import { generationState } from '../../src/journal/generation-state.js';
import { type DesiredState, setsOf } from '../../src/model/desired.js';
import { JournalError } from '../../src/model/errors.js';
import { NO_COUNTS } from '../../src/model/object-store.js';
import type { AddressSet } from '../../src/model/policy.js';
import type { RecordedState } from '../../src/model/record.js';
import { policy, rule } from '../policy/policy.js';
import { desiredState, locked, temporaryFolder } from './support.js';

/** Addresses with a gap behind each. */
function manyRanges(dataDir: string, count: number, from = 0): AddressSet {
  const four = Uint32Array.from({ length: 2 * count }, (_, at) => from + 2 * (at >>> 1));
  return toAddressSet({ four, six: new Uint32Array() }, ['big'], new DiskObjectStore(dataDir));
}

function wanting(...sets: AddressSet[]): DesiredState {
  const rules = sets.map((source, at) => rule(`r${at}`, { source }, 'drop'));
  const firewall = { policy: policy(rules), protections: [] };
  const state: RecordedState = desiredState();
  const interfaces = state.interfaces.map((one) => ({ ...one, program: { ...one.program, firewall } }));
  return { ...state, interfaces };
}

function keep(dataDir: string, desired: DesiredState): Promise<unknown> {
  return locked(dataDir, (lock) => writeGeneration(lock, { origin: 'reconcile', desired }));
}

function setsIn(dataDir: string, generation: number): AddressSet[] {
  const [first] = generationState(dataDir, generation, 'lab').interfaces;
  return setsOf(first?.program.firewall);
}

test('a generation says which sets it has, and each has its content again when it is read', async () => {
  const dataDir = temporaryFolder();
  const [small, large] = [manyRanges(dataDir, 3), manyRanges(dataDir, 5000)];
  await keep(dataDir, wanting(small, large, large));
  expect(readFileSync(join(dataDir, 'generations/1/generation.json'), 'utf8').length).toBeLessThan(5000);
  const read = setsIn(dataDir, 1);
  expect(read.map(({ digest, ranges, lists }) => [digest, ranges, lists])).toEqual(
    [small, large, large].map(({ digest, ranges, lists }) => [digest, ranges, lists]),
  );
  expect(read.map((set) => set.content())).toEqual([small, large, large].map((set) => set.content()));
  expect(read[1]?.content().four).toBe(read[2]?.content().four);
});

test('a set that was changed is not given out', async () => {
  const dataDir = temporaryFolder();
  const large = manyRanges(dataDir, 5000);
  await keep(dataDir, wanting(large));
  writeFileSync(join(dataDir, 'objects', `${large.digest}.set`), 'no ranges');
  const [read] = setsIn(dataDir, 1);
  expect(() => read?.content()).toThrow(JournalError);
});

test('a set that no generation names any more is removed, with what was remembered of it', async () => {
  const dataDir = temporaryFolder();
  const store = new DiskObjectStore(dataDir);
  const sets = [0, 1, 2].map((from) => manyRanges(dataDir, 100, 1_000_000 * from));
  const [first, second, third] = sets as [AddressSet, AddressSet, AddressSet];
  for (const { digest, ranges } of sets)
    store.rememberList(`of ${digest}`, { digest, ranges, counts: NO_COUNTS, warnings: [] });
  const collect = () =>
    locked(dataDir, (lock) => {
      collectSets(lock);
    });
  const kept = () =>
    sets.map(({ digest }) => [store.sets().includes(digest), store.recallList(`of ${digest}`) !== undefined]);
  await keep(dataDir, wanting(first));
  await keep(dataDir, { ...wanting(), lists: [{ name: 'big', entries: 100, set: second }] });
  const texts = join(dataDir, 'objects/texts');
  mkdirSync(texts);
  writeFileSync(join(texts, 'of an older build'), '');
  await collect();
  expect(existsSync(texts)).toBe(false);
  expect(kept()).toEqual([
    [true, true],
    [true, true],
    [false, false],
  ]);
  writeFileSync(join(dataDir, 'generations/1/generation.json'), `damaged, but names ${first.digest}`);
  await collect();
  expect(kept()).toEqual([
    [true, true],
    [true, true],
    [false, false],
  ]);
  rmSync(join(dataDir, 'generations/1'), { recursive: true });
  await collect();
  expect(kept()).toEqual([
    [false, false],
    [true, true],
    [false, false],
  ]);
  expect(third.content().four.length).toBe(200);
});
