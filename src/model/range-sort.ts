// Ranges in any order, overlapping or not -> the one canonical form.
import { compareWords, type Width } from './ranges.js';

/** Below so many ranges the tables of a radix sort cost more than they save. */
const FEW = 512;
const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;

export interface MergedRanges {
  words: Uint32Array;
  /** Ranges that are the same as another one. */
  duplicates: number;
  /** Other ranges that lie in another one or reach into it. */
  overlaps: number;
}

/** `words` holds pairs (first, last) as AddressRanges does, except for their order, and is left as it is. */
export function mergeRanges(words: Uint32Array, width: Width): MergedRanges {
  const sorted = isSorted(words, width) ? words : sortRanges(words, width);
  const result = new Uint32Array(sorted.length);
  const stride = 2 * width;
  let used = 0;
  let duplicates = 0;
  let overlaps = 0;
  for (let at = 0; at < sorted.length; at += stride) {
    const last = used - width;
    if (used > 0 && compareWords(sorted, at, result, last, width) <= 0) {
      if (at > 0 && isSame(sorted, at - stride, at, stride)) duplicates++;
      else overlaps++;
      if (compareWords(sorted, at + width, result, last, width) > 0)
        result.set(sorted.subarray(at + width, at + stride), last);
    } else if (used > 0 && isNext(result, last, sorted, at, width)) {
      result.set(sorted.subarray(at + width, at + stride), last);
    } else {
      for (let word = 0; word < stride; word++) result[used + word] = sorted[at + word] ?? 0;
      used += stride;
    }
  }
  return { words: result.slice(0, used), duplicates, overlaps };
}

function isSorted(words: Uint32Array, width: Width): boolean {
  const stride = 2 * width;
  for (let at = stride; at < words.length; at += stride) {
    if (comparePlaces(words, at - stride, at, width) > 0) return false;
  }
  return true;
}

/** By first address, of those with the same one the widest range first. */
function comparePlaces(words: Uint32Array, x: number, y: number, width: Width): number {
  return compareWords(words, x, words, y, width) || compareWords(words, y + width, words, x + width, width);
}

function isSame(words: Uint32Array, x: number, y: number, stride: number): boolean {
  for (let word = 0; word < stride; word++) if (words[x + word] !== words[y + word]) return false;
  return true;
}

/** Is the address at `second` the one behind that at `first`? */
function isNext(x: Uint32Array, first: number, y: Uint32Array, second: number, width: Width): boolean {
  let carry = 1;
  for (let word = width - 1; word >= 0; word--) {
    const value = (x[first + word] ?? 0) + carry;
    carry = value === 2 ** 32 ? 1 : 0;
    if ((carry === 1 ? 0 : value) !== y[second + word]) return false;
  }
  return carry === 0;
}

function sortRanges(words: Uint32Array, width: Width): Uint32Array {
  const stride = 2 * width;
  const count = words.length / stride;
  const order = count < FEW ? compareSort(words, count, width) : radixSort(words, count, width);
  const sorted = new Uint32Array(words.length);
  for (let at = 0; at < count; at++) {
    const from = (order[at] ?? 0) * stride;
    for (let word = 0; word < stride; word++) sorted[at * stride + word] = words[from + word] ?? 0;
  }
  return sorted;
}

function compareSort(words: Uint32Array, count: number, width: Width): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, at) => at);
  return order.sort((x, y) => comparePlaces(words, x * 2 * width, y * 2 * width, width));
}

/** Least significant digit first; a digit that all ranges share is passed over. */
function radixSort(words: Uint32Array, count: number, width: Width): Uint32Array {
  const stride = 2 * width;
  let order = Uint32Array.from({ length: count }, (_, at) => at);
  let other = new Uint32Array(count);
  const places = new Uint32Array(DIGITS);
  for (const { word, flip } of keyWords(width)) {
    for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
      places.fill(0);
      for (let at = word; at < words.length; at += stride) {
        const digit = (((words[at] ?? 0) ^ flip) >>> shift) & (DIGITS - 1);
        places[digit] = (places[digit] ?? 0) + 1;
      }
      if (places.includes(count)) continue;
      let sum = 0;
      for (let digit = 0; digit < DIGITS; digit++) {
        const size = places[digit] ?? 0;
        places[digit] = sum;
        sum += size;
      }
      for (let at = 0; at < count; at++) {
        const index = order[at] ?? 0;
        const digit = (((words[index * stride + word] ?? 0) ^ flip) >>> shift) & (DIGITS - 1);
        const place = places[digit] ?? 0;
        other[place] = index;
        places[digit] = place + 1;
      }
      [order, other] = [other, order];
    }
  }
  return order;
}

/** Least significant first; of the last address all bits are flipped, so that the widest range comes first. */
function keyWords(width: Width): { word: number; flip: number }[] {
  const first = Array.from({ length: width }, (_, at) => ({ word: width - 1 - at, flip: 0 }));
  return [...first.map(({ word }) => ({ word: width + word, flip: 0xffffffff })), ...first];
}
