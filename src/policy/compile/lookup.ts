// Builds the lookup structure of bpf/tables.h: entries, nodes of 256 entries, tests. A node costs a kilobyte and one load,
// a test forty bytes and a comparison: one network in a region becomes a test, several become nodes, and a test skips the
// bytes that all of them share.
import { maskWord } from '../../addresses/networks.js';
import { leafEntry as leaf, nodeEntry, rowEntry, testEntry, type Blob } from './blob.js';
import { addressAt, beginsNetwork, findNarrowSpan, isNetwork, widen } from './narrow-span.js';
import type { Partition } from './partition.js';

const NODE_ENTRIES = 256;
export const TEST_WORDS = 10;
/** At most so many values are looked up in one row of leaves, of up to 20 KB. */
export const ROW_ENTRIES = 5120;

/** Class -> the number that a leaf carries. */
export type LeafValue = (number: number) => number;

export class Lookup {
  /** Most entries between a root and a leaf, the leaf not counted. */
  steps = 0;
  /** Of the keys that are added. */
  #halves: 1 | 2 = 1;

  constructor(private readonly blob: Blob) {}

  /**
   * `classes[v]` is the class of value v; few values are looked up in one row, many by their two bytes. What is found for a
   * packet without the field, if there are such, stands in front. Gives the place, in bytes.
   */
  addNumbers(classes: Uint16Array, value: LeafValue, absent?: number): number {
    const front = absent === undefined ? [] : [leaf(value(absent))];
    if (classes.length <= ROW_ENTRIES) return this.#row(classes, value, front);
    const rows = Array.from({ length: classes.length / NODE_ENTRIES }, (_, high) => {
      const block = classes.subarray(high * NODE_ENTRIES, (high + 1) * NODE_ENTRIES);
      return isUniform(block) ? leaf(value(block[0] ?? 0)) : this.#row(block, value);
    });
    return rowEntry(this.blob.add(Uint32Array.of(...front, ...rows)));
  }

  #row(classes: Uint16Array, value: LeafValue, front: readonly number[] = []): number {
    const row = new Uint32Array(front.length + classes.length);
    row.set(front);
    let [last, entry] = [-1, 0]; // neighbours are mostly of one class
    for (let index = 0; index < classes.length; index++) {
      const number = classes[index] ?? 0;
      if (number !== last) [last, entry] = [number, leaf(value(number))];
      row[front.length + index] = entry;
    }
    return rowEntry(this.blob.add(row));
  }

  /** The addresses of one family, cut into classes. */
  addAddresses(parts: Partition, value: LeafValue, halves: 1 | 2): number {
    this.#halves = halves;
    return this.#region(parts, 0, parts.classes.length - 1, 0, value, 0);
  }

  /** The entry for the region whose addresses share the first `depth` bits (whole bytes): segments `from` to `to`. */
  #region(
    parts: Partition,
    from: number,
    to: number,
    depth: number,
    value: LeafValue,
    steps: number,
  ): number {
    this.steps = Math.max(this.steps, steps);
    const leafOf = (number: number | undefined): number => leaf(value(number ?? 0));
    if (from === to) return leafOf(parts.classes[from]);
    const inner = findNarrowSpan(parts, from, to, depth);
    if (isNetwork(inner)) {
      this.steps = Math.max(this.steps, steps + 1);
      return this.#test(inner.first, inner.length, leafOf(parts.classes[inner.from]), leafOf(inner.around));
    }
    const skipped = inner.length & ~7;
    if (skipped <= depth) return this.#dense(parts, from, to, depth, value, steps);
    const wide = widen(inner, skipped);
    const next = this.#region(parts, wide.from, wide.to, skipped, value, steps + 1);
    return this.#test(inner.first, skipped, next, leafOf(inner.around));
  }

  #dense(parts: Partition, from: number, to: number, depth: number, value: LeafValue, steps: number): number {
    let reached = from; // the segment in which the byte before ended
    const beginsAt = (segment: number, byte: number): boolean =>
      segment <= to && byteAt(parts, segment, depth) === byte;
    this.steps = Math.max(this.steps, steps + 1);
    const at = this.blob.reserveLines(NODE_ENTRIES);
    for (let byte = 0; byte < NODE_ENTRIES; byte++) {
      const next = reached + 1;
      const isFresh = beginsAt(next, byte) && beginsNetwork(addressAt(parts, next), depth + 8);
      const first = isFresh ? next : reached;
      reached = first;
      while (beginsAt(reached + 1, byte)) reached++;
      this.blob.set(at + byte, this.#region(parts, first, reached, depth + 8, value, steps + 1));
    }
    return nodeEntry(depth >>> 3, at, this.#halves);
  }

  /** `address` has the first `length` bits of those that pass. */
  #test(address: Uint32Array, length: number, next: number, miss: number): number {
    const at = this.blob.reserveLines(TEST_WORDS);
    const mask = (word: number): number => maskWord(length, word * 32);
    const bits = (word: number): number => (address[word] ?? 0) & mask(word);
    // Two 64-bit numbers, each as little-endian words: the less significant one first.
    const words = [mask(1), mask(0), bits(1), bits(0), mask(3), mask(2), bits(3), bits(2), next, miss];
    words.forEach((word, index) => {
      this.blob.set(at + index, word);
    });
    return testEntry(at);
  }
}

/** A loop without a callback: two bytes have 65,536 values, and the code runs once a process, so it is never optimized. */
function isUniform(classes: Uint16Array): boolean {
  for (let index = 1; index < classes.length; index++) if (classes[index] !== classes[0]) return false;
  return true;
}

function byteAt({ starts, width }: Partition, segment: number, depth: number): number {
  return ((starts[segment * width + (depth >>> 5)] ?? 0) >>> (24 - (depth & 31))) & 255;
}
