// The places where membership in a set changes: the first address of each range, and the one behind its last.

/** Addresses a place, at most: half of one where all are hosts. */
const MOSTLY = 0.6;

/** Places of one family, most significant word first: `hi` and `lo` are what buckets are made of. */
export interface Edges {
  count: number;
  hi: Uint32Array;
  lo: Uint32Array;
  /** The lower half of IPv6 places, two words each. */
  rest: Uint32Array;
}

export function edgesOfFour(ranges: Uint32Array): Edges {
  const lo = new Uint32Array(ranges.length);
  let count = 0;
  for (let at = 0; at < ranges.length; at += 2) {
    lo[count++] = ranges[at] ?? 0;
    const last = ranges[at + 1] ?? 0;
    if (last !== 0xffffffff) lo[count++] = last + 1;
  }
  return { count, hi: new Uint32Array(count), lo, rest: new Uint32Array() };
}

export function edgesOfSix(ranges: Uint32Array): Edges {
  const most = ranges.length / 4;
  const edges = { hi: new Uint32Array(most), lo: new Uint32Array(most), rest: new Uint32Array(most * 2) };
  const words = new Uint32Array(4);
  let count = 0;
  for (let at = 0; at < ranges.length; at += 4) {
    words.set(ranges.subarray(at, at + 4));
    if (at % 8 === 4 && !increment(words)) break; // up to the last address: nothing changes behind it
    edges.hi[count] = words[0] ?? 0;
    edges.lo[count] = words[1] ?? 0;
    edges.rest.set(words.subarray(2), count * 2);
    count++;
  }
  return { count, ...edges };
}

/** False when there is no next one. */
function increment(words: Uint32Array): boolean {
  for (let word = words.length - 1; word >= 0; word--) {
    words[word] = (words[word] ?? 0) + 1;
    if (words[word] !== 0) return true;
  }
  return false;
}

/** Does membership ever change within a /64? */
export function isDeep(six: Uint32Array): boolean {
  for (let at = 0; at < six.length; at += 8) {
    if ((six[at + 2] ?? 0) | (six[at + 3] ?? 0)) return true;
    if (((six[at + 6] ?? 0) & (six[at + 7] ?? 0)) >>> 0 !== 0xffffffff) return true;
  }
  return false;
}

/** Addresses of an IPv4 set that has hardly anything but hosts; 0 for others. */
export function countHosts({ count, lo }: Edges): number {
  let hosts = 0;
  for (let edge = 0; edge + 1 < count; edge += 2) hosts += (lo[edge + 1] ?? 0) - (lo[edge] ?? 0);
  return hosts < count * MOSTLY ? hosts : 0;
}
