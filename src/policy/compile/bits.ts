// Bit vectors of rules: rule r is bit r % 32 of word r / 32. Equal vectors are stored once and numbered: such a number is a
// class.

export type Bits = Uint32Array;

/** Sets that lie in one array: each typed array of its own is an allocation outside of the heap. */
const CHUNK = 64;

/** Numbers sets of `words` 32-bit words; the same content always gets the same number, in order of first sight. */
export class Classes {
  readonly sets: Bits[] = [];
  readonly #byHash = new Map<number, number[]>();
  #chunk: Bits = new Uint32Array();

  constructor(readonly words: number) {}

  get size(): number {
    return this.sets.length;
  }

  /** A set that is new is copied. */
  number(set: Bits): number {
    const hash = hashOf(set);
    const same = this.#byHash.get(hash);
    for (const candidate of same ?? []) if (equal(this.at(candidate), set)) return candidate;
    const number = this.sets.push(this.#keep(set)) - 1;
    if (same) same.push(number);
    else this.#byHash.set(hash, [number]);
    return number;
  }

  #keep(set: Bits): Bits {
    const place = (this.size % CHUNK) * this.words;
    if (place === 0) this.#chunk = new Uint32Array(CHUNK * this.words);
    this.#chunk.set(set, place);
    return this.#chunk.subarray(place, place + this.words);
  }

  at(number: number): Bits {
    const set = this.sets[number];
    if (!set) throw new RangeError(`no class ${number}`);
    return set;
  }
}

export function flipBit(set: Bits, bit: number): void {
  set[bit >>> 5] = (set[bit >>> 5] ?? 0) ^ (1 << (bit & 31));
}

/** What is in both, written to `to`. */
export function intersect(a: Bits, b: Bits, to: Bits): Bits {
  for (let word = 0; word < to.length; word++) to[word] = (a[word] ?? 0) & (b[word] ?? 0);
  return to;
}

/** The set of bits below `count`. */
export function lowest(words: number, count: number): Bits {
  return Uint32Array.from({ length: words }, (_, word) => {
    const bits = Math.min(32, Math.max(0, count - word * 32));
    return bits === 0 ? 0 : 0xffffffff >>> (32 - bits);
  });
}

/** The lowest bit that is set, of `from` and those above it; -1 where there is none. */
export function first(set: Bits, from = 0): number {
  for (let word = from >>> 5; word < set.length; word++) {
    const bits = (set[word] ?? 0) & (word === from >>> 5 ? -1 << (from & 31) : -1);
    if (bits !== 0) return word * 32 + 31 - Math.clz32(bits & -bits);
  }
  return -1;
}

function equal(a: Bits, b: Bits): boolean {
  for (let word = 0; word < a.length; word++) if (a[word] !== b[word]) return false;
  return true;
}

/** FNV-1a over words. */
function hashOf(set: Bits): number {
  let hash = 0x811c9dc5;
  for (const word of set) {
    hash = Math.imul(hash ^ word, 0x01000193);
    hash ^= hash >>> 15;
  }
  return hash;
}
