// The one value of the map `tables` (bpf/tables.h) while it is being made, and the entries that point into it.

export const LEAF = 0x80000000;
export const TEST = 0x40000000;
/** The byte is one of the lower half of the key. */
export const LOW = 0x20000000;
/** Entries have the bits between their marks and the shift for a place: 512 MB, in units of a cache line. */
export const MAX_BYTES = 0x20000000;
export const LINE_WORDS = 16;
/** 32-bit words behind the end that the kernel may read: what masks allow and the rows do not have (bpf/tables.h). */
const READ_BEYOND = 256;

export function leafEntry(value: number): number {
  return (LEAF | value) >>> 0;
}

/**
 * `at` is a place in 32-bit words, at a line; `depth` the byte of the key that indexes the node. Keys of one half are shifted
 * by two bits less, which leaves the byte times four.
 */
export function nodeEntry(depth: number, at: number, halves: 1 | 2): number {
  const shift = (7 - (depth & 7)) * 8 - (halves === 1 ? 2 : 0);
  return (shift | (depth < 8 ? 0 : LOW) | (at * 4)) >>> 0;
}

/** A row: which byte indexes it goes without saying. */
export function rowEntry(at: number): number {
  return at * 4;
}

export function testEntry(at: number): number {
  return (TEST | (at * 4)) >>> 0;
}

/** Where the node is that an entry says, in bytes; `undefined` when it says none. */
export function nodeOf(entry: number): number | undefined {
  return entry >= TEST ? undefined : entry & (MAX_BYTES - LINE_WORDS * 4);
}

/** Grows; places are in 32-bit words. */
export class Blob {
  #words = new Uint32Array(1 << 14);
  #used = 0;

  /** Room for so many words, where a cache line begins. Throws a RangeError beyond 512 MB. */
  reserveLines(words: number): number {
    this.#used = Math.ceil(this.#used / LINE_WORDS) * LINE_WORDS;
    return this.reserve(words);
  }

  /** Room for so many words, at an even place. Throws a RangeError beyond 512 MB. */
  reserve(words: number): number {
    const at = this.#used;
    this.#used += words + (words & 1);
    if ((this.#used + READ_BEYOND) * 4 > MAX_BYTES)
      throw new RangeError('the tables of a policy do not fit in 512 MB');
    if (this.#used > this.#words.length) {
      const larger = new Uint32Array(Math.max(this.#used, this.#words.length * 2));
      larger.set(this.#words);
      this.#words = larger;
    }
    return at;
  }

  set(at: number, word: number): void {
    this.#words[at] = word;
  }

  /** Puts words, at an even place, and returns it. */
  add(words: Uint32Array): number {
    const at = this.reserve(words.length);
    this.#words.set(words, at);
    return at;
  }

  /** All of it, and what may be read behind it. Nothing is added any more. */
  bytes(): Uint8Array {
    this.reserve(READ_BEYOND);
    return new Uint8Array(this.#words.slice(0, this.#used).buffer);
  }
}
