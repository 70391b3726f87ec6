// Totals of an interface over changes of its policy. What the rows have counted is made up here: that the kernel counts is for
// test/scenario/ to show. What is kept beside the rows is real, on a file system that is no bpffs.
import { existsSync, mkdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { writeGeneration } from '../../src/journal/generation-writer.js';
import * as running from '../../src/journal/running.js';
import { type PinPaths, pinPathsOf } from '../../src/kernel/pin-paths.js';
import { readTotalsOffset, writeTotalsOffset } from '../../src/kernel/totals.js';
import type { HostPolicy } from '../../src/model/desired.js';
import { JournalError } from '../../src/model/errors.js';
import type { OwnedInterface } from '../../src/model/observed.js';
import * as rows from '../../src/observe/count-rows.js';
import { readTotals, rebaseTotals } from '../../src/pass/totals.js';
import { locked, temporaryFolder } from '../journal/support.js';
import { policy, rule } from '../policy/policy.js';
import { desired, instance, map, owned, wanted } from '../support/states.js';

/** Drops this rule alone, of `ssh` and `web`. */
const dropping = (name: string): HostPolicy => ({
  policy: policy(['ssh', 'web'].map((one) => rule(one, {}, one === name ? 'drop' : 'pass'))),
  protections: [],
});
const POLICIES = new Map([
  ['aaaa', dropping('ssh')],
  ['bbbb', dropping('web')],
]);
const find = (digest: string) => POLICIES.get(digest);

/** Packets of `ssh` and of `web`; each has ten bytes. */
let counted: [ssh: number, web: number];
let paths: PinPaths;
let dataDir: string;
beforeEach(() => {
  counted = [3, 4];
  paths = pinPathsOf(temporaryFolder());
  dataDir = temporaryFolder();
  mkdirSync(paths.rows('a'), { recursive: true });
  vi.spyOn(rows, 'countRows').mockImplementation(() =>
    ['ssh', 'web'].map((name, at) => {
      const packets = counted[at] ?? 0;
      return { name, packets, bytes: packets * 10 };
    }),
  );
});
afterEach(() => {
  vi.restoreAllMocks();
});

const record = () =>
  locked(dataDir, (lock) => {
    const interfaces = [...POLICIES].map(([digest, firewall]) => {
      const one = wanted('a', { digest });
      return { ...one, program: { ...one.program, origin: 'policy' as const, firewall } };
    });
    return writeGeneration(lock, { origin: 'reconcile', desired: desired(...interfaces) });
  });
const runs = (digest: string, change: Partial<OwnedInterface> = {}): OwnedInterface =>
  owned('a', { counters: map('counters'), instances: [instance(digest, 10, [map('tables')])], ...change });
const settle = (...all: OwnedInterface[]) => {
  rebaseTotals(paths, dataDir, all);
};
const totals = (digest: string) => readTotals('a', digest, paths, find);
const of = (seen: number, dropped: number) => ({
  ...{ seen, seenBytes: seen * 10, dropped, droppedBytes: dropped * 10 },
});

test('without anything to add, they are the sums of the rows', () => {
  expect(totals('aaaa')).toEqual(of(7, 3));
  expect(totals('bbbb')).toEqual(of(7, 4));
  expect(totals('gone')).toBeUndefined();
});

test('what is kept is added to the sums by the policy that it is relative to', () => {
  writeTotalsOffset(paths, 'a', { digest: 'aaaa', ...of(100, 50) });
  expect(totals('aaaa')).toEqual(of(107, 53));
  expect(totals('bbbb'), 'not settled yet').toEqual(of(107, 53));
  writeTotalsOffset(paths, 'a', { digest: 'gone', ...of(100, 50) });
  expect(totals('bbbb'), 'nobody knows what it was').toEqual(of(107, 54));
});

test('another policy begins where the one before it was', async () => {
  await record();
  settle(runs('aaaa'));
  expect(readTotalsOffset(paths, 'a')).toEqual({ digest: 'aaaa', ...of(0, 0) });
  expect(totals('aaaa')).toEqual(of(7, 3));
  counted = [5, 6];
  settle(runs('bbbb'));
  expect(readTotalsOffset(paths, 'a')).toEqual({ digest: 'bbbb', ...of(0, -1) });
  expect(totals('bbbb')).toEqual(of(11, 5));
  counted = [6, 8];
  expect(totals('bbbb')).toEqual(of(14, 7));
  settle(runs('aaaa'));
  expect(totals('aaaa'), 'nothing falls').toEqual(of(14, 7));
});

test('after a policy that no record knows, what was kept is kept', async () => {
  await record();
  writeTotalsOffset(paths, 'a', { digest: 'gone', ...of(100, 50) });
  settle(runs('aaaa'));
  expect(readTotalsOffset(paths, 'a')).toEqual({ digest: 'aaaa', ...of(100, 50) });
});

test('what is settled, or runs no policy that a record knows, is left as it is', async () => {
  await record();
  const looked = vi.spyOn(running, 'recordedPolicy');
  writeTotalsOffset(paths, 'a', { digest: 'aaaa', ...of(1, 1) });
  settle(runs('aaaa'));
  expect(looked, 'a pass with nothing to settle reads no record').not.toHaveBeenCalled();
  settle(runs('bbbb', { counters: undefined as never }), runs('gone'));
  settle(owned('a', { counters: map('counters'), instances: [instance('bbbb', 11, [map('tables')])] }));
  expect(readTotalsOffset(paths, 'a')).toEqual({ digest: 'aaaa', ...of(1, 1) });
  settle(runs('bbbb', { name: 'b' }));
  expect(existsSync(paths.rows('b'))).toBe(false);
});

test('records are read once for a policy on many interfaces, and one that is damaged is none', async () => {
  await record();
  mkdirSync(paths.rows('b'), { recursive: true });
  const looked = vi.spyOn(running, 'recordedPolicy');
  settle(runs('aaaa'), runs('aaaa', { name: 'b' }));
  expect(looked).toHaveBeenCalledTimes(1);
  expect(readTotalsOffset(paths, 'b')).toEqual({ digest: 'aaaa', ...of(0, 0) });

  looked.mockImplementation(() => {
    throw new JournalError('damaged', { hint: '' });
  });
  settle(runs('bbbb'));
  expect(readTotalsOffset(paths, 'a')).toMatchObject({ digest: 'aaaa' });
});
