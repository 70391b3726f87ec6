// IPv4 ranges in any order -> the one canonical form: what merge-ranges.ts does for either family, for a width of one word and
// lists of millions. A range is a pair of words that moves as one, so sorting them reads and writes memory in rows.

/** Below so many ranges the tables of a radix sort cost more than they save. */
const FEW = 512;
const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
/** Digits of a word: their shifts. */
const SHIFTS = [0, DIGIT_BITS, 2 * DIGIT_BITS];

export interface MergedRanges {
  words: Uint32Array;
  /** Ranges that are the same as another one. */
  duplicates: number;
  /** Other ranges that lie in another one or reach into it. */
  overlaps: number;
}

/** `words` holds pairs (first, last) and is left as it is. */
export function mergePairs(words: Uint32Array): MergedRanges {
  const sorted = isSorted(words) ? words : sortPairs(words);
  const result = sorted === words ? new Uint32Array(words.length) : sorted; // what is read is ahead of what is written
  let used = 0;
  let duplicates = 0;
  let overlaps = 0;
  let [first, last] = [-1, -2]; // the range that grows, written when the next one begins
  let [before, end] = [-1, -1]; // the range before, as it came
  for (let at = 0; at < sorted.length; at += 2) {
    const from = sorted[at] ?? 0;
    const to = sorted[at + 1] ?? 0;
    if (from <= last) {
      if (from === before && to === end) duplicates++;
      else overlaps++;
      if (to > last) last = to;
    } else if (from === last + 1) {
      last = to;
    } else {
      if (first >= 0) {
        result[used++] = first;
        result[used++] = last;
      }
      first = from;
      last = to;
    }
    before = from;
    end = to;
  }
  if (first >= 0) {
    result[used++] = first;
    result[used++] = last;
  }
  // A small part of much should not hold on to it.
  const merged = used * 2 > result.length ? result.subarray(0, used) : result.slice(0, used);
  return { words: merged, duplicates, overlaps };
}

/** By first address, of those with the same one the widest range first. */
function isSorted(words: Uint32Array): boolean {
  for (let at = 2; at < words.length; at += 2) {
    const [x = 0, y = 0] = [words[at - 2], words[at]];
    if (x > y || (x === y && (words[at - 1] ?? 0) < (words[at + 1] ?? 0))) return false;
  }
  return true;
}

function sortPairs(words: Uint32Array): Uint32Array {
  if (words.length / 2 < FEW) return sortFew(words);
  if (isHosts(words)) return sortHosts(words);
  const places = countDigits(words);
  let from: Uint32Array = words;
  let to: Uint32Array = new Uint32Array(words.length);
  SHIFTS.forEach((shift, digit) => {
    const counts = places.subarray(digit * DIGITS, (digit + 1) * DIGITS);
    if (counts.includes(words.length / 2)) return; // a digit that all share changes nothing
    toPlaces(counts, 2);
    scatter(from, to, shift, counts);
    [from, to] = [to, from === words ? new Uint32Array(words.length) : from];
  });
  if (from === words) from = words.slice();
  orderEqual(from);
  return from;
}

function isHosts(words: Uint32Array): boolean {
  for (let at = 0; at < words.length; at += 2) if (words[at] !== words[at + 1]) return false;
  return true;
}

/** Half the memory has to be moved for them. */
function sortHosts(words: Uint32Array): Uint32Array {
  const places = countDigits(words);
  let from = new Uint32Array(words.length / 2);
  let to = new Uint32Array(from.length);
  for (let at = 0; at < from.length; at++) from[at] = words[2 * at] ?? 0;
  SHIFTS.forEach((shift, digit) => {
    const counts = places.subarray(digit * DIGITS, (digit + 1) * DIGITS);
    toPlaces(counts, 1);
    scatterWords(from, to, shift, counts);
    [from, to] = [to, from];
  });
  const sorted = new Uint32Array(words.length);
  for (let at = 0; at < from.length; at++) sorted[2 * at] = sorted[2 * at + 1] = from[at] ?? 0;
  return sorted;
}

/** Stable. */
function scatterWords(from: Uint32Array, to: Uint32Array, shift: number, places: Uint32Array): void {
  // By index: until it is compiled, an iterator takes ten times as long.
  for (let at = 0, end = from.length; at < end; at++) {
    const key = from[at] ?? 0;
    const digit = (key >>> shift) & (DIGITS - 1);
    const place = places[digit] ?? 0;
    places[digit] = place + 1;
    to[place] = key;
  }
}

function sortFew(words: Uint32Array): Uint32Array {
  const order = Array.from({ length: words.length / 2 }, (_, at) => 2 * at);
  const at = (place: number): number => words[place] ?? 0;
  order.sort((x, y) => at(x) - at(y) || at(y + 1) - at(x + 1));
  return Uint32Array.from(order.flatMap((place) => [at(place), at(place + 1)]));
}

/** How often each digit occurs, for all places of the digit in one pass. */
function countDigits(words: Uint32Array): Uint32Array {
  const counts = new Uint32Array(SHIFTS.length * DIGITS);
  const mask = DIGITS - 1;
  for (let at = 0; at < words.length; at += 2) {
    const key = words[at] ?? 0;
    increment(counts, key & mask);
    increment(counts, DIGITS + ((key >>> DIGIT_BITS) & mask));
    increment(counts, 2 * DIGITS + (key >>> (2 * DIGIT_BITS)));
  }
  return counts;
}

function increment(counts: Uint32Array, at: number): void {
  counts[at] = (counts[at] ?? 0) + 1;
}

/** Counts -> where the first one with that digit goes, of so many words each. */
function toPlaces(counts: Uint32Array, width: number): void {
  let sum = 0;
  for (let digit = 0; digit < DIGITS; digit++) {
    const count = counts[digit] ?? 0;
    counts[digit] = sum;
    sum += width * count;
  }
}

/** Stable. */
function scatter(from: Uint32Array, to: Uint32Array, shift: number, places: Uint32Array): void {
  for (let at = 0; at < from.length; at += 2) {
    const key = from[at] ?? 0;
    const digit = (key >>> shift) & (DIGITS - 1);
    const place = places[digit] ?? 0;
    places[digit] = place + 2;
    to[place] = key;
    to[place + 1] = from[at + 1] ?? 0;
  }
}

/** Ranges with the same first address: the widest comes first. */
function orderEqual(words: Uint32Array): void {
  for (let from = 0, to = 0; from < words.length; from = to) {
    let isOrdered = true;
    for (to = from + 2; to < words.length && words[to] === words[from]; to += 2)
      isOrdered &&= (words[to - 1] ?? 0) >= (words[to + 1] ?? 0);
    if (isOrdered) continue;
    const lasts = new Uint32Array((to - from) / 2);
    for (let at = 0; at < lasts.length; at++) lasts[at] = words[from + 2 * at + 1] ?? 0;
    lasts.sort().reverse();
    for (let at = 0; at < lasts.length; at++) words[from + 2 * at + 1] = lasts[at] ?? 0;
  }
}
