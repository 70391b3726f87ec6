// A set that changes again and again, by what was added and removed each time, holds exactly what a naive model holds: a
// million addresses each time, most of them at the edges of what changed.
import { beforeAll, expect, it } from 'vitest';
import { toAddressSet } from '../../../src/disk/address-sets.js';
import { MemoryObjectStore } from '../../../src/disk/object-store.js';
import { makeDirectory } from '../../../src/kernel/bpffs.js';
import { pinPathsOf } from '../../../src/kernel/pin-paths.js';
import { pin } from '../../../src/kernel/pinned.js';
import { type AddressRanges, differences, subtract, union } from '../../../src/addresses/ranges.js';
import { compilePolicy } from '../../../src/policy/compile/compile.js';
import { SetMaps } from '../../../src/prove/sets.js';
import { createLab } from '../../lab.js';
import * as shapes from '../../support/list-shapes.js';
import { askSet, compileQueries } from '../../support/set-questions.js';
import { policy, rule } from '../policy.js';

const ROUNDS = 2;
let object: Buffer;
beforeAll(() => {
  object = compileQueries();
});

/** Some of the ranges, at random. */
function pickRanges({ four, six }: AddressRanges, count: number, next: () => number): AddressRanges {
  const pick = (words: Uint32Array, width: number): Uint32Array => {
    const [stride, total] = [2 * width, words.length / (2 * width)];
    const wanted = Math.min(total, count);
    const places = [...new Set(Array.from({ length: wanted }, () => next() % total))].sort((x, y) => x - y);
    return Uint32Array.from(places.flatMap((at) => [...words.subarray(at * stride, (at + 1) * stride)]));
  };
  return { four: pick(four, 1), six: pick(six, 4) };
}

it.each<[string, shapes.Shape, number]>([
  ['hosts', shapes.host4, 200_000],
  ['more hosts, and some networks', shapes.mostlyHosts4, 700_000],
  ['IPv4 networks', shapes.narrow4, 40_000],
  ['hosts close together', shapes.crowded4, 60_000],
  ['IPv6 networks', shapes.wide6, 40_000],
  ['both families, of any length', shapes.narrowBoth, 60_000],
])('%s', async (name, shape, count) => {
  await using lab = await createLab();
  const paths = pinPathsOf(lab.bpffs);
  const store = new MemoryObjectStore();
  const next = shapes.randomWords(count);
  makeDirectory(paths.list(name));
  let ranges = shapes.makeRanges(shape, count, next);
  let before = ranges;
  for (let round = 0; round <= ROUNDS; round++) {
    const source = toAddressSet(ranges, [name], store);
    const tables = compilePolicy(policy([rule('listed', { source }, 'drop')]));
    using maps = new SetMaps({ pinPaths: paths, store });
    const sets = maps.open(tables.sets);
    const [set] = sets;
    if (!set) throw new Error('no set');
    expect(set.delta !== undefined).toBe(round > 0);
    if (round === 0) pin(set.map.number, paths.set(name, set.pin));
    const around = round === 0 ? [ranges] : [ranges, differences(ranges, before)];
    const { wrong, held } = askSet(object, { tables, sets }, ranges, next, around);
    expect(wrong).toEqual([]);
    expect(held).toBeGreaterThan(0);
    before = ranges;
    const removed = pickRanges(ranges, 100, next);
    const added = shapes.makeRanges(shape, 100, next);
    ranges = next() & 1 ? union(subtract(ranges, removed), added) : subtract(union(ranges, added), removed);
  }
});
