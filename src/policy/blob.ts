// The one value of the map `tables` (bpf/tables.h) while it is being made, and the entries that point into it.

const LEAF = 0x80000000;
const TEST = 0x40000000;
/** The byte is one of the lower half of the key. */
const LOW = 0x04000000;
/** Entries have 26 bits for an offset in units of 8 bytes: 512 MB. */
const MAX_UNITS = 0x4000000;

export function leafEntry(value: number): number {
  return (LEAF | value) >>> 0;
}

/** `at` is a place in 32-bit words, even; `depth` the byte of the key (of sixteen) that indexes the node. */
export function nodeEntry(depth: number, at: number): number {
  return (((7 - (depth & 7)) << 27) | (depth < 8 ? 0 : LOW) | (at / 2)) >>> 0;
}

/** A row of leaves, or a node of two-byte numbers: which byte indexes it goes without saying. */
export function rowEntry(at: number): number {
  return at / 2;
}

export function testEntry(at: number): number {
  return (TEST | (at / 2)) >>> 0;
}

/** Grows; places are in 32-bit words. */
export class Blob {
  #words = new Uint32Array(1 << 14);
  #used = 0;

  /** Room for so many words, at an even place. Throws a RangeError beyond 512 MB. */
  reserve(words: number): number {
    const at = this.#used;
    this.#used += words + (words & 1);
    if (this.#used / 2 > MAX_UNITS) throw new RangeError('the tables of a policy do not fit in 512 MB');
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

  bytes(): Uint8Array {
    return new Uint8Array(this.#words.slice(0, this.#used).buffer);
  }
}
