// Collects the entries of a list as ranges of one family, in the order of the file.
import type { MergedRanges } from '../../addresses/merge-pairs.js';
import { mergeRanges } from '../../addresses/merge-ranges.js';
import { type LinesRead, parseFourLines } from '../../addresses/parse-four-lines.js';
import { type Width, widthOf } from '../../addresses/ranges.js';

/** The most entries of a list: more would need too much memory. */
export const MOST_ENTRIES = 5_000_000;
/** Bytes of an average line, roughly, from which the initial capacity is computed. */
const USUAL_LINE = 14;

/** Ranges of one family, as they come. */
export class Collector {
  count = 0;
  readonly #width: Width;
  #words: Uint32Array;

  /** `bytes`: size of the file, for the initial capacity. */
  constructor(family: 4 | 6, bytes = 0) {
    this.#width = widthOf(family);
    const lines = Math.min(MOST_ENTRIES, Math.floor(bytes / USUAL_LINE));
    this.#words = new Uint32Array(Math.max(1 << 10, lines * 2 * this.#width));
  }

  add(words: Uint32Array): void {
    const at = this.#reserve();
    for (let word = 0; word < 2 * this.#width; word++) this.#words[at + word] = words[word] ?? 0;
  }

  /** Those IPv4 lines from `start` on that are nothing but an address or network, at most so many. */
  addLines(bytes: Uint8Array, start: number, most: number): LinesRead {
    this.#growFor(1);
    const room = this.#words.length / 2 - this.count;
    const read = parseFourLines(bytes, start, this.#words, 2 * this.count, Math.min(most, room));
    this.count += read.lines;
    return read;
  }

  /** Number of addresses in the largest entry; 0 when there are no entries. */
  widest(): number {
    let widest = 0;
    for (let at = 0; at < this.count * 2 * this.#width; at += 2 * this.#width) {
      const size = sizeOf(this.#words, at, this.#width);
      if (size > widest) widest = size;
    }
    return widest;
  }

  merge(): MergedRanges {
    return mergeRanges(this.#words.subarray(0, this.count * 2 * this.#width), this.#width);
  }

  #reserve(): number {
    this.#growFor(1);
    return this.count++ * 2 * this.#width;
  }

  #growFor(more: number): void {
    if ((this.count + more) * 2 * this.#width <= this.#words.length) return;
    const larger = new Uint32Array(2 * this.#words.length);
    larger.set(this.#words);
    this.#words = larger;
  }
}

/** Number of addresses in the range at `at`; above 2^53 rounded to a double. */
export function sizeOf(words: Uint32Array, at: number, width: Width): number {
  let size = 0;
  for (let word = 0; word < width; word++)
    size = size * 2 ** 32 + (words[at + width + word] ?? 0) - (words[at + word] ?? 0);
  return size + 1;
}
