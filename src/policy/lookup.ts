// The lookup structure of bpf/tables.h: entries, nodes of 256 entries, tests. A node costs a kilobyte and one load,
// a test forty bytes and a comparison: one network in a region becomes a test, several become nodes, and a run of
// bytes that all of them share is skipped by one test.
import { leafEntry as leaf, nodeEntry, rowEntry, testEntry, type Blob } from './blob.js';
import { commonBits, maskWord, type ClassedPrefix } from './prefixes.js';

const NODE_ENTRIES = 256;
const TEST_WORDS = 10;
/** Up to so many values lie in one row of leaves, that is up to 20 KB. */
const ROW_ENTRIES = 5120;

/** Class -> the number that a leaf carries. */
export type LeafValue = (number: number) => number;

export class Lookup {
  /** Most entries between a root and a leaf, the leaf not counted. */
  steps = 0;

  constructor(private readonly blob: Blob) {}

  /** `classes[v]` is the class of value v; few values are looked up in one row, many by their two bytes. Gives the place, in units of 8 bytes. */
  addNumbers(classes: Uint16Array, value: LeafValue): number {
    if (classes.length <= ROW_ENTRIES) return this.#row(classes, value);
    const at = this.#node((high) => {
      const block = classes.subarray(high * NODE_ENTRIES, (high + 1) * NODE_ENTRIES);
      return isUniform(block) ? leaf(value(block[0] ?? 0)) : this.#row(block, value);
    });
    return rowEntry(at);
  }

  #row(classes: Uint16Array, value: LeafValue): number {
    const row = new Uint32Array(classes.length);
    let [last, entry] = [-1, 0]; // neighbours are mostly of one class
    for (let index = 0; index < row.length; index++) {
      const number = classes[index] ?? 0;
      if (number !== last) [last, entry] = [number, leaf(value(number))];
      row[index] = entry;
    }
    return rowEntry(this.blob.add(row));
  }

  /** `prefixes` are sorted and of one family. */
  addPrefixes(prefixes: ClassedPrefix[], background: number, value: LeafValue): number {
    return this.#region(prefixes, 0, prefixes.length, 0, background, value, 0);
  }

  /** The entry for the region of `depth` bits (whole bytes) that holds prefixes[from..to). */
  #region(
    prefixes: ClassedPrefix[],
    from: number,
    to: number,
    depth: number,
    around: number,
    value: LeafValue,
    steps: number,
  ): number {
    this.steps = Math.max(this.steps, steps);
    let first = prefixes[from];
    while (first && from < to && first.cidr.length <= depth) {
      around = first.number;
      first = prefixes[++from];
    }
    const last = prefixes[to - 1];
    if (from >= to || !first || !last) return leaf(value(around));
    if (to - from === 1) {
      this.steps = Math.max(this.steps, steps + 1);
      return this.#test(first, first.cidr.length, leaf(value(first.number)), leaf(value(around)));
    }
    let shared = commonBits(first.cidr, last.cidr);
    for (let at = from; at < to; at++) shared = Math.min(shared, prefixes[at]?.cidr.length ?? 0);
    const skipped = shared & ~7;
    if (skipped > depth) {
      const inner = this.#region(prefixes, from, to, skipped, around, value, steps + 1);
      return this.#test(first, skipped, inner, leaf(value(around)));
    }
    return this.#dense(prefixes, from, to, depth, around, value, steps);
  }

  #dense(
    prefixes: ClassedPrefix[],
    from: number,
    to: number,
    depth: number,
    around: number,
    value: LeafValue,
    steps: number,
  ): number {
    const fill = new Uint32Array(NODE_ENTRIES).fill(around);
    const inner: { from: number; to: number }[] = [];
    for (let at = from; at < to; at++) {
      const prefix = prefixes[at];
      if (!prefix) break;
      const byte = byteAt(prefix, depth);
      const free = depth + 8 - prefix.cidr.length;
      if (free >= 0) fill.fill(prefix.number, byte, byte + (1 << free));
      else inner[byte] = { from: inner[byte]?.from ?? at, to: at + 1 };
    }
    this.steps = Math.max(this.steps, steps + 1);
    const at = this.#node((byte) => {
      const number = fill[byte] ?? around;
      const sub = inner[byte];
      if (!sub) return leaf(value(number));
      return this.#region(prefixes, sub.from, sub.to, depth + 8, number, value, steps + 1);
    });
    return nodeEntry(depth >>> 3, at);
  }

  #node(entry: (byte: number) => number): number {
    const at = this.blob.reserve(NODE_ENTRIES);
    for (let byte = 0; byte < NODE_ENTRIES; byte++) this.blob.set(at + byte, entry(byte));
    return at;
  }

  #test({ cidr }: ClassedPrefix, length: number, next: number, miss: number): number {
    const at = this.blob.reserve(TEST_WORDS);
    const mask = [
      maskWord(length, 0),
      maskWord(length, 32),
      maskWord(length, 64),
      maskWord(length, 96),
    ] as const;
    // Two 64-bit numbers, each as little-endian words: the less significant one first.
    const words = [mask[1], mask[0], cidr.b & mask[1], cidr.a & mask[0]];
    words.push(mask[3], mask[2], cidr.d & mask[3], cidr.c & mask[2], next, miss);
    words.forEach((word, index) => {
      this.blob.set(at + index, word);
    });
    return testEntry(at);
  }
}

/** A loop and no callback: of two bytes there are 65,536 values, and a process compiles once. */
function isUniform(classes: Uint16Array): boolean {
  for (let index = 1; index < classes.length; index++) if (classes[index] !== classes[0]) return false;
  return true;
}

function byteAt({ cidr }: ClassedPrefix, depth: number): number {
  const word = depth < 32 ? cidr.a : depth < 64 ? cidr.b : depth < 96 ? cidr.c : cidr.d;
  return (word >>> (24 - (depth & 31))) & 255;
}
