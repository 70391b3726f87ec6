// Ranges in any order, overlapping or not -> the one canonical form.
import { type MergedRanges, mergePairs } from './merge-pairs.js';
import { compareWords, type Width } from './ranges.js';

/** Below so many ranges the tables of a radix sort cost more than they save. */
const FEW = 512;
const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;

/** `words` holds pairs (first, last) as AddressRanges does, except for their order, and is left as it is. */
export function mergeRanges(words: Uint32Array, width: Width): MergedRanges {
  return width === 1 ? mergePairs(words) : mergeWide(words, width);
}

function mergeWide(words: Uint32Array, width: Width): MergedRanges {
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
        copyWords(sorted, at + width, result, last, width);
    } else if (used > 0 && isNext(result, last, sorted, at, width)) {
      copyWords(sorted, at + width, result, last, width);
    } else {
      copyWords(sorted, at, result, used, stride);
      used += stride;
    }
  }
  return { words: result.slice(0, used), duplicates, overlaps };
}

function copyWords(from: Uint32Array, at: number, to: Uint32Array, place: number, count: number): void {
  for (let word = 0; word < count; word++) to[place + word] = from[at + word] ?? 0;
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
  for (let at = 0; at < count; at++) copyWords(words, (order[at] ?? 0) * stride, sorted, at * stride, stride);
  return sorted;
}

function compareSort(words: Uint32Array, count: number, width: Width): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, at) => at);
  return order.sort((x, y) => comparePlaces(words, x * 2 * width, y * 2 * width, width));
}

/** By first address, the least significant word first; the few that share it are put in order afterwards. */
function radixSort(words: Uint32Array, count: number, width: Width): Uint32Array {
  const stride = 2 * width;
  const pairs: Pairs = {
    keys: new Uint32Array(count),
    values: Uint32Array.from({ length: count }, (_, at) => at),
  };
  const spare: Pairs = { keys: new Uint32Array(count), values: new Uint32Array(count) };
  for (let word = width - 1; word >= 0; word--) {
    const { keys, values } = pairs;
    for (let at = 0; at < count; at++) keys[at] = words[(values[at] ?? 0) * stride + word] ?? 0;
    for (let shift = 0; shift < 32; shift += DIGIT_BITS) sortByDigit(pairs, spare, shift);
  }
  orderEqual(words, pairs.values, width);
  return pairs.values;
}

interface Pairs {
  keys: Uint32Array;
  values: Uint32Array;
}

/** Stable. A digit that all keys share changes nothing. */
function sortByDigit(pairs: Pairs, spare: Pairs, shift: number): void {
  const { keys, values } = pairs;
  const places = new Uint32Array(DIGITS);
  for (const key of keys) {
    const digit = (key >>> shift) & (DIGITS - 1);
    places[digit] = (places[digit] ?? 0) + 1;
  }
  if (places.includes(keys.length)) return;
  for (let digit = 0, sum = 0; digit < DIGITS; digit++) {
    const size = places[digit] ?? 0;
    places[digit] = sum;
    sum += size;
  }
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at] ?? 0;
    const digit = (key >>> shift) & (DIGITS - 1);
    const place = places[digit] ?? 0;
    places[digit] = place + 1;
    spare.keys[place] = key;
    spare.values[place] = values[at] ?? 0;
  }
  Object.assign(pairs, spare);
  Object.assign(spare, { keys, values });
}

/** Ranges with the same first address: the widest comes first. */
function orderEqual(words: Uint32Array, order: Uint32Array, width: Width): void {
  const compare = (x: number, y: number): number => comparePlaces(words, x * 2 * width, y * 2 * width, width);
  const isEqual = (x = 0, y = 0): boolean =>
    compareWords(words, x * 2 * width, words, y * 2 * width, width) === 0;
  for (let from = 0, to = 1; from < order.length; from = to++) {
    while (to < order.length && isEqual(order[from], order[to])) to++;
    if (to - from > 1) order.subarray(from, to).sort(compare);
  }
}
