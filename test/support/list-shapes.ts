// Lists of every shape, the same in every run.
import { type AddressRanges } from '../../src/addresses/ranges.js';
import { mergeRanges } from '../../src/addresses/merge-ranges.js';

/** The same numbers in every run. */
export function randomWords(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.imul(state ^ (state >>> 15), 2654435761) >>> 0;
  };
}

type Words = number[];
export type Shape = (next: () => number) => { four?: [number, number]; six?: [Words, Words] };

function network6(address: Words, length: number): [Words, Words] {
  const mask = (at: number): number => {
    const bits = Math.min(32, Math.max(0, length - at * 32));
    return bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
  };
  return [
    address.map((word, at) => (word & mask(at)) >>> 0),
    address.map((word, at) => (word | ~mask(at)) >>> 0),
  ];
}

function network4(address: number, length: number): [number, number] {
  const mask = length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
  return [(address & mask) >>> 0, (address | ~mask) >>> 0];
}

export const host4: Shape = (next) => ({ four: network4(next(), 32) });
/** Hosts that lie anywhere, some that lie close together, a few networks and the last address. */
export const mostlyHosts4: Shape = (next) => {
  const dice = next() % 2560;
  if (dice === 0) return { four: network4(0xffffffff, 32) };
  if (dice <= 10) return { four: network4(next(), 28) };
  return dice <= 512 ? crowded4(next) : host4(next);
};
export const mixed4: Shape = (next) => ({ four: network4(next(), 12 + (next() % 21)) });
export const narrow4: Shape = (next) => ({ four: network4(next(), 22 + (next() % 11)) });
export const crowded4: Shape = (next) => ({ four: network4(0x0a000000 + (next() % 200_000), 32) });
export const wide6: Shape = (next) => ({
  six: network6([0x20000000 | (next() >>> 3), next(), next(), next()], 32 + (next() % 33)),
});
export const deep6: Shape = (next) => ({
  six: network6([0x20000000 | (next() >>> 3), next(), next(), next()], 20 + (next() % 109)),
});
export const crowded6: Shape = (next) => ({
  six: network6([0x20010db8, 0, 0, next() % 500_000], 128),
});
export const ends: Shape = (next) => {
  const [first, last] = [[0, 0, 0, 0], Array<number>(4).fill(0xffffffff)];
  return next() & 1
    ? { four: network4(0, 30), six: network6(first, 127) }
    : { four: network4(0xffffffff, 28), six: network6(last, 3) };
};
export const both: Shape = (next) => (next() & 1 ? mixed4(next) : deep6(next));
export const narrowBoth: Shape = (next) => (next() & 1 ? narrow4(next) : deep6(next));

export function makeRanges(shape: Shape, count: number, next: () => number): AddressRanges {
  const four: number[] = [];
  const six: number[] = [];
  for (let made = 0; made < count; made++) {
    const found = shape(next);
    if (found.four) four.push(...found.four);
    if (found.six) six.push(...found.six.flat());
  }
  return {
    four: mergeRanges(Uint32Array.from(four), 1).words,
    six: mergeRanges(Uint32Array.from(six), 4).words,
  };
}
