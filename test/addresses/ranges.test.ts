// Ranges against a naive model: a set of single addresses at the two ends of either family and at a word's edge.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromCidrs, maskWord, toCidrs } from '../../src/addresses/networks.js';
import type { Cidr } from '../../src/addresses/cidr.js';
import { decodeRanges, encodeRanges } from '../../src/addresses/range-bytes.js';
import { mergeRanges } from '../../src/addresses/merge-ranges.js';
import {
  type AddressRanges,
  contains,
  countAddresses,
  countRanges,
  equalWords,
  intersectWords,
  NO_RANGES,
  subtract,
  union,
} from '../../src/addresses/ranges.js';
import { rounds } from '../support/budget.js';

/** Windows of 256 addresses: their first 24 or 120 bits. */
const WINDOWS = [
  [0],
  [0xffffff00],
  [0, 0, 0, 0],
  [0x20010db8, 0, 0, 0xffffff00],
  [0x20010db8, 0, 1, 0],
  [0xffffffff, 0xffffffff, 0xffffffff, 0xffffff00],
];

const network: fc.Arbitrary<Cidr> = fc
  .record({ window: fc.constantFrom(...WINDOWS), low: fc.nat(255), free: fc.nat(8) })
  .map(({ window, low, free }) => {
    const family = window.length === 1 ? 4 : 6;
    const [a = 0, b = 0, c = 0, d = 0] = window;
    const cut = ((low >>> free) << free) >>> 0;
    return family === 4
      ? { family, a: (a | cut) >>> 0, b, c, d, length: 32 - free }
      : { family, a, b, c, d: (d | cut) >>> 0, length: 128 - free };
  });
const networks = fc.oneof(
  fc.array(network, { maxLength: 24 }),
  fc.array(network, { minLength: 150, maxLength: 200 }),
);

function addressesOf(window: readonly number[]): Uint8Array[] {
  return Array.from({ length: 256 }, (_, low) => {
    const bytes = new Uint8Array(window.length * 4);
    window.forEach((word, at) => {
      new DataView(bytes.buffer).setUint32(at * 4, word);
    });
    bytes[bytes.length - 1] = low;
    return bytes;
  });
}
const ADDRESSES = WINDOWS.flatMap(addressesOf);

function holds({ family, length, ...words }: Cidr, address: Uint8Array): boolean {
  if ((family === 4 ? 4 : 16) !== address.length) return false;
  const view = new DataView(address.buffer);
  const all = family === 4 ? [words.a] : [words.a, words.b, words.c, words.d];
  return all.every((word, at) => (view.getUint32(at * 4) & maskWord(length, at * 32)) >>> 0 === word);
}

function members(test: (address: Uint8Array) => boolean): boolean[] {
  return ADDRESSES.map(test);
}
const naive = (cidrs: Cidr[]) => members((address) => cidrs.some((cidr) => holds(cidr, address)));
const real = (ranges: AddressRanges) => members((address) => contains(ranges, address));

function isCanonical({ four, six }: AddressRanges): boolean {
  return (
    equalWords(mergeRanges(four, 1).words, four) &&
    equalWords(mergeRanges(six, 4).words, six) &&
    countRanges({ four, six }) === four.length / 2 + six.length / 8
  );
}

test('membership, union, difference and intersection are those of sets of addresses', () => {
  fc.assert(
    fc.property(networks, networks, (one, other) => {
      const [x, y] = [fromCidrs(one), fromCidrs(other)];
      const [inX, inY] = [naive(one), naive(other)];
      expect(real(x)).toEqual(inX);
      const both = { four: intersectWords(x.four, y.four, 1), six: intersectWords(x.six, y.six, 4) };
      expect(real(union(x, y))).toEqual(inX.map((is, at) => is || inY[at]));
      expect(real(both)).toEqual(inX.map((is, at) => is && inY[at]));
      expect(real(subtract(x, y))).toEqual(inX.map((is, at) => is && !inY[at]));
      for (const set of [x, both, union(x, y), subtract(x, y)]) expect(isCanonical(set)).toBe(true);
    }),
    { numRuns: rounds(100) },
  );
});

test('equal sets have equal bytes, whatever they were made of, and bytes give the set back', () => {
  fc.assert(
    fc.property(networks, (cidrs) => {
      const ranges = fromCidrs(cidrs);
      expect(encodeRanges(fromCidrs([...cidrs.toReversed(), ...cidrs]))).toEqual(encodeRanges(ranges));
      expect(encodeRanges(fromCidrs(toCidrs(ranges)))).toEqual(encodeRanges(ranges));
      expect(decodeRanges(Buffer.from(encodeRanges(ranges)))).toEqual(ranges);
    }),
  );
  expect(() => decodeRanges(encodeRanges(NO_RANGES).subarray(1))).toThrow(RangeError);
});

test('the networks of a set are the fewest', () => {
  const text = (cidrs: Cidr[]) => toCidrs(fromCidrs(cidrs)).map(({ a, d, length }) => [a, d, length]);
  const four = (a: number, length: number): Cidr => ({ family: 4, a, b: 0, c: 0, d: 0, length });
  expect(text([four(0, 1), four(0x80000000, 1)])).toEqual([[0, 0, 0]]);
  expect(text([four(1, 32), four(2, 31), four(4, 32)])).toEqual([
    [1, 0, 32],
    [2, 0, 31],
    [4, 0, 32],
  ]);
});

test('many ranges in any order, counted', () => {
  const pairs = Array.from({ length: 5000 }, (_, at) => {
    const first = ((Math.imul(at % 4000, 0x9e3779b1) >>> 8) << 4) >>> 0;
    return [first, first + (at % 3)] as const;
  });
  const words = Uint32Array.from(pairs.flat());
  const merged = mergeRanges(words, 1);
  const wanted = [
    ...new Set(pairs.flatMap(([first, last]) => [first, first + 1, last].filter((one) => one <= last))),
  ];
  expect(countAddresses(merged.words, 1)).toBe(wanted.length);
  expect(merged.duplicates + merged.overlaps).toBeGreaterThanOrEqual(1000);
  const wide = new Uint32Array(
    pairs.flatMap(([first, last]) => [1, first, 0, 0, 1, last, 0xffffffff, 0xffffffff]),
  );
  const six = mergeRanges(wide, 4).words;
  expect([...six].filter((_, at) => at % 4 === 1)).toEqual([...merged.words]);
});

test('thousands of networks in one another, in any order, are as the few that hold them', () => {
  const network = (at: number): [number, number] => {
    const first = ((at % 3) << 28) >>> 0;
    return [first, (first + 2 ** (Math.imul(at, 0x9e3779b1) >>> 28)) >>> 0];
  };
  const pairs = Array.from({ length: 20_000 }, (_, at) => network(at)).reverse();
  expect(mergeRanges(Uint32Array.from(pairs.flat()), 1)).toMatchObject({
    words: Uint32Array.of(0, 2 ** 15, 2 ** 28, 2 ** 28 + 2 ** 15, 2 ** 29, 2 ** 29 + 2 ** 15),
    duplicates: 20_000 - new Set(pairs.map(String)).size,
    overlaps: new Set(pairs.map(String)).size - 3,
  });
});

test('duplicates and overlaps are told apart', () => {
  const merge = (...words: number[]) => {
    const { words: merged, duplicates, overlaps } = mergeRanges(Uint32Array.from(words), 1);
    return [[...merged], duplicates, overlaps];
  };
  expect(merge(1, 2, 1, 2, 1, 2)).toEqual([[1, 2], 2, 0]);
  expect(merge(4, 5, 0, 9, 4, 5)).toEqual([[0, 9], 1, 1]);
  expect(merge(3, 7, 0, 4)).toEqual([[0, 7], 0, 1]);
  expect(merge(3, 7, 0, 2)).toEqual([[0, 7], 0, 0]);
});
