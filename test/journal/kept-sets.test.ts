// Large address sets are kept beside the generations that name them, once, and small ones in them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toAddressSet } from '../../src/disk/address-sets.js';
import { DiskObjectStore } from '../../src/disk/object-store.js';
import { writeGeneration } from '../../src/journal/generation-writer.js';
import { readGeneration } from '../../src/journal/generations.js';
import { type DesiredState, setsOf } from '../../src/model/desired.js';
import { JournalError } from '../../src/model/errors.js';
import type { AddressSet } from '../../src/model/policy.js';
import { policy, rule } from '../policy/policy.js';
import { desiredState, locked, temporaryFolder } from './support.js';

/** Addresses with a gap behind each. */
function manyRanges(dataDir: string, count: number, from = 0): AddressSet {
  const four = Uint32Array.from({ length: 2 * count }, (_, at) => from + 2 * (at >>> 1));
  return toAddressSet({ four, six: new Uint32Array() }, ['big'], new DiskObjectStore(dataDir));
}

function wanting(...sets: AddressSet[]): DesiredState {
  const rules = sets.map((source, at) => rule(`r${at}`, { source }, 'drop'));
  const desired = desiredState();
  const [first] = desired.interfaces;
  if (first) first.program.firewall = { policy: policy(rules), protections: [] };
  return desired;
}

function keep(dataDir: string, desired: DesiredState): Promise<unknown> {
  return locked(dataDir, (lock) => writeGeneration(lock, { origin: 'reconcile', desired }));
}

function setsIn(dataDir: string, generation: number): AddressSet[] {
  const [first] = readGeneration(dataDir, generation).desired.interfaces;
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
