// Sets of addresses as sorted ranges in typed arrays, and their algebra. Both families go one way: an address is 1 or 4
// words, most significant first, and every operation is one pass over the edges of its operands.

import { RememberedResults } from './remembered-results.js';

/**
 * IPv4 as pairs (first, last) of words, IPv6 as pairs of four words, both inclusive. Sorted, disjoint and never
 * adjacent: equal sets have equal words.
 */
export interface AddressRanges {
  readonly four: Uint32Array;
  readonly six: Uint32Array;
}

/** 32-bit words of an address. */
export type Width = 1 | 4;

export const NO_WORDS = new Uint32Array();
export const NO_RANGES: AddressRanges = { four: NO_WORDS, six: NO_WORDS };

export function widthOf(family: 4 | 6): Width {
  return family === 4 ? 1 : 4;
}

export function countRanges({ four, six }: AddressRanges): number {
  return four.length / 2 + six.length / 8;
}

/** Addresses of one family; above 2^53 as exact as a double is. */
export function countAddresses(words: Uint32Array, width: Width): number {
  let count = 0;
  for (let at = 0; at < words.length; at += 2 * width) {
    let size = 0;
    for (let word = 0; word < width; word++) {
      size = size * 2 ** 32 + (words[at + width + word] ?? 0) - (words[at + word] ?? 0);
    }
    count += size + 1;
  }
  return count;
}

export function equalWords(x: Uint32Array, y: Uint32Array): boolean {
  if (x === y) return true;
  if (x.length !== y.length) return false;
  for (let at = 0; at < x.length; at++) if (x[at] !== y[at]) return false;
  return true;
}

export function union(x: AddressRanges, y: AddressRanges): AddressRanges {
  return { four: uniteWords(x.four, y.four, 1), six: uniteWords(x.six, y.six, 4) };
}

export function subtract(x: AddressRanges, y: AddressRanges): AddressRanges {
  return { four: subtractWords(x.four, y.four, 1), six: subtractWords(x.six, y.six, 4) };
}

function uniteWords(x: Uint32Array, y: Uint32Array, width: Width): Uint32Array {
  if (x.length === 0 || x === y) return y;
  return y.length === 0 ? x : combine(x, y, width, IN_EITHER);
}

export function intersectWords(x: Uint32Array, y: Uint32Array, width: Width): Uint32Array {
  if (x.length === 0 || x === y) return x;
  if (y.length === 0) return y;
  return intersections.of(x, y, () => combine(x, y, width, IN_BOTH));
}

export function subtractWords(x: Uint32Array, y: Uint32Array, width: Width): Uint32Array {
  if (x === y) return NO_WORDS;
  if (x.length === 0 || y.length === 0) return x;
  return differences.of(x, y, () => combine(x, y, width, IN_FIRST_ALONE));
}

/** `address` is 4 or 16 bytes in network order. */
export function contains({ four, six }: AddressRanges, address: Uint8Array): boolean {
  const width = address.length === 4 ? 1 : 4;
  const words = width === 1 ? four : six;
  const view = new DataView(address.buffer, address.byteOffset, address.length);
  const wanted = Uint32Array.from({ length: width }, (_, word) => view.getUint32(word * 4));
  let low = 0;
  let high = words.length / (2 * width);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareWords(words, (2 * middle + 1) * width, wanted, 0, width) < 0) low = middle + 1;
    else high = middle;
  }
  return low * 2 * width < words.length && compareWords(words, low * 2 * width, wanted, 0, width) <= 0;
}

/** Negative, 0 or positive, as for sorting. */
export function compareWords(
  x: ArrayLike<number>,
  xAt: number,
  y: ArrayLike<number>,
  yAt: number,
  width: Width,
): number {
  for (let word = 0; word < width; word++) {
    const difference = (x[xAt + word] ?? 0) - (y[yAt + word] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** What a combination keeps: bit `inX + 2 * inY` says whether an address with that membership is in it. */
const IN_EITHER = 0b1110;
const IN_BOTH = 0b1000;
const IN_FIRST_ALONE = 0b0010;

const intersections = new RememberedResults();
const differences = new RememberedResults();

function combine(x: Uint32Array, y: Uint32Array, width: Width, keeps: number): Uint32Array {
  const a = new Edges(x, width);
  const b = new Edges(y, width);
  const result = new Result();
  const bit = (inX: number, inY: number): number => (keeps >> (inX + 2 * inY)) & 1;
  let inside = 0;
  while (!a.ended || !b.ended) {
    const same = a.inside === 0 && b.inside === 0 ? a.sameAs(b) : 0;
    if (same > 0) {
      // Two versions of a list are mostly the same.
      if ((keeps & IN_BOTH) !== 0) result.copy(a, same);
      a.skip(same);
      b.skip(same);
      continue;
    }
    // One of them is often much shorter, and stays as it is between its edges.
    if (leap(a, b, bit(0, b.inside), bit(1, b.inside), result)) continue;
    if (leap(b, a, bit(a.inside, 0), bit(a.inside, 1), result)) continue;
    const order = a.ended ? 1 : b.ended ? -1 : compareWords(a.at, 0, b.at, 0, width);
    const inX = order <= 0 ? 1 - a.inside : a.inside;
    const inY = order >= 0 ? 1 - b.inside : b.inside;
    if (bit(inX, inY) !== inside) {
      result.writeEdge(order <= 0 ? a.at : b.at, inside, width);
      inside = 1 - inside;
    }
    if (order <= 0) a.advance();
    if (order >= 0) b.advance();
  }
  return result.finish();
}

/**
 * Goes on by all ranges of `one` that end before the other's next edge, at once, and copies them if they are kept. False when
 * there are none, or when they would be holes in what is kept.
 */
function leap(one: Edges, other: Edges, outside: number, within: number, result: Result): boolean {
  if (one.inside === 1 || outside > within) return false;
  const words = one.aheadOf(other);
  if (words === 0) return false;
  if (outside < within) result.copy(one, words);
  one.skip(words);
  return true;
}

/** Grows with what is in it: of two long lists the difference is often short. */
class Result {
  #words = new Uint32Array(1 << 12);
  #used = 0;

  /** The next so many words of an operand. */
  copy(from: Edges, words: number): void {
    this.#reserve(words);
    from.copy(words, this.#words, this.#used);
    this.#used += words;
  }

  /** Where a range ends, the edge is one beyond its last address. */
  writeEdge(edge: Float64Array, less: number, width: Width): void {
    this.#reserve(width);
    let borrow = less;
    for (let word = width - 1; word >= 0; word--) {
      const value = (edge[word] ?? 0) - borrow;
      borrow = value < 0 ? 1 : 0;
      this.#words[this.#used + word] = value; // modulo 2^32
    }
    this.#used += width;
  }

  finish(): Uint32Array {
    const [words, used] = [this.#words, this.#used];
    // What was not written to takes no memory; a small part of much should not hold on to it.
    return used * 4 > words.length ? words.subarray(0, used) : words.slice(0, used);
  }

  #reserve(more: number): void {
    if (this.#used + more <= this.#words.length) return;
    const larger = new Uint32Array(Math.max(2 * this.#words.length, this.#used + more));
    larger.set(this.#words.subarray(0, this.#used));
    this.#words = larger;
  }
}

/** Words that are copied one by one sooner than as a row. */
const FEW = 32;

/** The places where membership changes, in order: the first address of a range, then the one behind its last. */
export class Edges {
  /** The next edge; behind the last address there is its first word is 2^32. */
  readonly at: Float64Array;
  /** 1 between a range's first edge and its second. */
  inside: 0 | 1 = 0;
  ended = false;
  #next = 0;

  constructor(
    private readonly words: Uint32Array,
    private readonly width: Width,
  ) {
    this.at = new Float64Array(width);
    this.#read();
  }

  advance(): void {
    this.inside = this.inside === 0 ? 1 : 0;
    this.#next += this.width;
    this.#read();
  }

  /** Before a range: words of the ranges from here on that are the same there. */
  sameAs(other: Edges): number {
    const { words, width } = this;
    const most = Math.min(words.length - this.#next, other.words.length - other.#next);
    let same = 0;
    while (same < most && words[this.#next + same] === other.words[other.#next + same]) same++;
    return same - (same % (2 * width));
  }

  /** Before a range: words of the ranges that end before the next edge of `other`, and do not touch it. */
  aheadOf(other: Edges): number {
    const stride = 2 * this.width;
    const ranges = (this.words.length - this.#next) / stride;
    if (other.ended) return ranges * stride;
    const isAhead = (range: number): boolean => range < ranges && this.#endsBefore(range * stride, other.at);
    let count = 0;
    let step = 1;
    for (; isAhead(count + step - 1); step *= 2) count += step;
    for (step >>= 1; step > 0; step >>= 1) if (isAhead(count + step - 1)) count += step;
    return count * stride;
  }

  /** Is the address behind the range that is so many words ahead before this edge? */
  #endsBefore(ahead: number, edge: Float64Array): boolean {
    const last = this.#next + ahead + this.width;
    let order = 0;
    let carry = 1;
    for (let word = this.width - 1; word >= 0; word--) {
      const value = (this.words[last + word] ?? 0) + carry;
      carry = value === 2 ** 32 && word > 0 ? 1 : 0;
      order = (carry === 1 ? 0 : value) - (edge[word] ?? 0) || order;
    }
    return order < 0;
  }

  /** Puts the next so many words at `used`. */
  copy(words: number, to: Uint32Array, used: number): void {
    if (words > FEW) to.set(this.words.subarray(this.#next, this.#next + words), used);
    else for (let word = 0; word < words; word++) to[used + word] = this.words[this.#next + word] ?? 0;
  }

  /** Goes on by so many words: whole ranges. */
  skip(words: number): void {
    this.#next += words;
    this.#read();
  }

  #read(): void {
    const { at, width, words } = this;
    if (this.#next >= words.length) {
      this.ended = true;
      return;
    }
    let carry: number = this.inside;
    for (let word = width - 1; word >= 0; word--) {
      const value = (words[this.#next + word] ?? 0) + carry;
      carry = value === 2 ** 32 && word > 0 ? 1 : 0;
      at[word] = carry === 1 ? 0 : value;
    }
  }
}
