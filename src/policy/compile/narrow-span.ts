// Finds, in a region of addresses, the narrowest span outside of which all addresses are of one class.
import { maskWord } from '../../addresses/networks.js';
import { compareWords, type Width } from '../../addresses/ranges.js';
import type { Partition } from './partition.js';

export interface NarrowSpan {
  /** Class of all addresses outside of the span. */
  around: number;
  /** Segments of the span. */
  from: number;
  to: number;
  /** Words of its first address and its last one. */
  first: Uint32Array;
  last: Uint32Array;
  /** Leading bits that all of its addresses share. */
  length: number;
}

/** Segments `from` to `to`, at least two, of the region whose addresses share the first `depth` bits. */
export function findNarrowSpan(parts: Partition, from: number, to: number, depth: number): NarrowSpan {
  const { classes, width } = parts;
  const before = classes[from] ?? 0;
  const behind = classes[to] ?? 0;
  const start = cut(addressAt(parts, from + 1), depth, 0);
  const end = cut(start, depth, 0xffffffff);
  const second = addressAt(parts, from + 1);
  const lastButOne = less(addressAt(parts, to));
  const inner = (around: number, skip: 0 | 1, drop: 0 | 1): NarrowSpan => {
    const first = skip ? second : start;
    const last = drop ? lastButOne : end;
    return { around, from: from + skip, to: to - drop, first, last, length: commonBits(first, last, width) };
  };
  if (before === behind) return inner(before, 1, 1);
  const [left, right] = [inner(behind, 0, 1), inner(before, 1, 0)];
  return left.length > right.length ? left : right;
}

/** Is the span one network of one class? */
export function isNetwork({ from, to, first, last, length }: NarrowSpan): boolean {
  return from === to && beginsNetwork(first, length) && endsNetwork(last, length);
}

/** The segments that the network of `length` bits around the span has, those around the span included. */
export function widen({ from, to, first, last }: NarrowSpan, length: number): { from: number; to: number } {
  return {
    from: beginsNetwork(first, length) ? from : from - 1,
    to: endsNetwork(last, length) ? to : to + 1,
  };
}

/** Are the bits of an address behind the first `length` all 0? */
export function beginsNetwork(address: Uint32Array, length: number): boolean {
  return address.every((word, index) => (word & ~maskWord(length, index * 32)) === 0);
}

function endsNetwork(address: Uint32Array, length: number): boolean {
  return address.every((word, index) => (word | maskWord(length, index * 32)) >>> 0 === 0xffffffff);
}

/** The words of the first address of a segment. */
export function addressAt({ starts, width }: Partition, segment: number): Uint32Array {
  return starts.subarray(segment * width, (segment + 1) * width);
}

/** The address with all bits behind the first `length` as in `fill`. */
function cut(address: Uint32Array, length: number, fill: number): Uint32Array {
  return address.map((word, index) => {
    const mask = maskWord(length, index * 32);
    return (word & mask) | (fill & ~mask);
  });
}

/** The address minus one. */
function less(address: Uint32Array): Uint32Array {
  const result = address.slice();
  for (let word = result.length - 1; word >= 0; word--) {
    const value = result[word] ?? 0;
    result[word] = value - 1; // modulo 2^32
    if (value > 0) break;
  }
  return result;
}

function commonBits(x: Uint32Array, y: Uint32Array, width: Width): number {
  if (compareWords(x, 0, y, 0, width) === 0) return width * 32;
  const word = x.findIndex((value, index) => value !== y[index]);
  return word * 32 + Math.clz32((x[word] ?? 0) ^ (y[word] ?? 0));
}
