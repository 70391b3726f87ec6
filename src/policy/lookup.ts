// The lookup structure of bpf/tables.h: entries, nodes of 256 entries, tests. A node costs a kilobyte and one load,
// a test forty bytes and a comparison: one network in a region becomes a test, several become nodes, and a run of
// bytes that all of them share is skipped by one test.
import { commonBits, maskWord, type ClassedPrefix } from './prefixes.js';

const LEAF = 0x80000000;
const TEST = 0x40000000;
const NODE_ENTRIES = 256;
const TEST_WORDS = 10;

/** Class -> the number that a leaf carries. */
export type LeafValue = (number: number) => number;

function leaf(value: number): number {
  return (LEAF | value) >>> 0;
}

export class Lookup {
  #nodes = new Uint32Array(NODE_ENTRIES * 64);
  #nodeCount = 0;
  #tests = new Uint32Array(TEST_WORDS * 64);
  #testCount = 0;
  /** Most entries between a root and a leaf, the leaf not counted. */
  steps = 0;

  /** `classes[v]` is the class of value v; up to 256 values are looked up by one byte, more by two. */
  addNumbers(classes: Uint16Array, value: LeafValue): number {
    if (classes.length <= NODE_ENTRIES) return this.#node(0, (at) => leaf(value(classes[at] ?? 0)));
    return this.#node(0, (high) => {
      const block = classes.subarray(high * NODE_ENTRIES, (high + 1) * NODE_ENTRIES);
      const uniform = block.every((number) => number === block[0]);
      if (uniform) return leaf(value(block[0] ?? 0));
      return this.#node(0, (low) => leaf(value(block[low] ?? 0)));
    });
  }

  /** `prefixes` are sorted and of one family. */
  addPrefixes(prefixes: ClassedPrefix[], background: number, value: LeafValue): number {
    return this.#region(prefixes, 0, prefixes.length, 0, background, value, 0);
  }

  nodes(): Uint32Array {
    return this.#nodes.slice(0, Math.max(1, this.#nodeCount) * NODE_ENTRIES);
  }

  tests(): Uint32Array {
    return this.#tests.slice(0, Math.max(1, this.#testCount) * TEST_WORDS);
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
    return this.#node(depth >>> 3, (byte) => {
      const number = fill[byte] ?? around;
      const sub = inner[byte];
      if (!sub) return leaf(value(number));
      return this.#region(prefixes, sub.from, sub.to, depth + 8, number, value, steps + 1);
    }, steps);
  }

  #node(depth: number, entry: (byte: number) => number, steps = 0): number {
    const index = this.#nodeCount++;
    this.steps = Math.max(this.steps, steps + 1);
    this.#nodes = grown(this.#nodes, this.#nodeCount * NODE_ENTRIES);
    for (let byte = 0; byte < NODE_ENTRIES; byte++) {
      const made = entry(byte); // may grow the array: evaluate before indexing it
      this.#nodes[index * NODE_ENTRIES + byte] = made;
    }
    return ((depth << 26) | index) >>> 0;
  }

  #test({ cidr }: ClassedPrefix, length: number, next: number, miss: number): number {
    const index = this.#testCount++;
    this.#tests = grown(this.#tests, this.#testCount * TEST_WORDS);
    const mask = [maskWord(length, 0), maskWord(length, 32), maskWord(length, 64), maskWord(length, 96)] as const;
    // Two 64-bit numbers, each as little-endian words: the less significant one first.
    const words = [mask[1], mask[0], cidr.b & mask[1], cidr.a & mask[0]];
    words.push(mask[3], mask[2], cidr.d & mask[3], cidr.c & mask[2], next, miss);
    this.#tests.set(words, index * TEST_WORDS);
    return (TEST | index) >>> 0;
  }
}

function byteAt({ cidr }: ClassedPrefix, depth: number): number {
  const word = depth < 32 ? cidr.a : depth < 64 ? cidr.b : depth < 96 ? cidr.c : cidr.d;
  return (word >>> (24 - (depth & 31))) & 255;
}

function grown(array: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  if (array.length >= length) return array;
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
