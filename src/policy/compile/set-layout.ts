// Encodes a large address set for bpf/set.h: the places where membership changes, in buckets of seven that divide the
// addresses evenly, or elsewhere in blocks of eight. Refuses nothing.
import type { AddressRanges } from '../../addresses/ranges.js';
import { countHosts, type Edges, edgesOfFour, edgesOfSix, isDeep } from './set-edges.js';

/** Places in a block, or a head and one less. */
export const BLOCK = 8;
export const LEVELS = 3;
/** Bytes in which places in the value are counted, and of a node before its buckets: a cache line. */
const UNIT = 64;
const WORDS = UNIT / 4;
/** Places that a bucket has on average, or up to twice as many: few buckets shall have more than fit. */
const BUCKET = 2;
/** The same of buckets of distances, which hold so many: 16 bits each, behind a head of two. */
const SHORT_BUCKET = 4;
export const SHORT = 14;
const SHORT_BITS = 16;
/** The same of buckets of single addresses, of which there are as many: 15 bits each, and half as many as places. */
const HOST_BUCKET = 4;
const HOST_BITS = 15;
/** A half-word that is no address, and two of them: such a bucket's head, and what is left over of it. */
export const NO_HOST = 0x8000;
const NO_HOSTS = NO_HOST * 0x10001;
/** Places elsewhere above which they are divided again. */
const MOST_IN_BLOCKS = 512;
export const NODE = 0x40000000;
export const ELSEWHERE = 0x40000000;
const INSIDE = 0x80000000;
/** Bytes that may be read at any place. */
const REACH = 128;

/** Part of the name of a set's pin: raised whenever these bytes, or what bpf/set.h makes of them, change. */
export const SET_LAYOUT = 3;

/** Bytes of a value that say what it is. */
export const SET_HEAD = WORDS * 4;
/** Where in it: zeros. An older build put a change of a set there, which named the set that it changes, and is none itself. */
const CHANGE_AT = 24;
export const DIGEST_AT = 32;
const CHANGE_BYTES = 8;
const DIGEST_BYTES = 32;

/** Does a value that begins so say that it is the set with this digest (SHA-256 of its ranges, hex)? */
export function isSetOf(head: Uint8Array, digest: string): boolean {
  const isWhole = head.subarray(CHANGE_AT, CHANGE_AT + CHANGE_BYTES).every((byte) => byte === 0);
  return isWhole && hexAt(head, DIGEST_AT, DIGEST_BYTES) === digest;
}

/** The value for these ranges, of which `digest` is the SHA-256 (hex). */
export function layOutSet({ four, six }: AddressRanges, digest: string): Uint8Array {
  const deep = isDeep(six);
  const layout = new Layout();
  const entries = [layout.place(edgesOfFour(four), 1), layout.place(edgesOfSix(six), deep ? 4 : 2)];
  const value = layout.finish([...entries.flat(), Number(deep)]);
  value.set(fromHex(digest), DIGEST_AT);
  return value;
}

function hexAt(bytes: Uint8Array, from: number, count: number): string {
  const digits = (byte: number): string => byte.toString(16).padStart(2, '0');
  return Array.from(bytes.subarray(from, from + count), digits).join('');
}

function fromHex(digits: string): number[] {
  return Array.from({ length: digits.length / 2 }, (_, at) => parseInt(digits.slice(at * 2, at * 2 + 2), 16));
}

/** 32-bit words of a place. */
type Width = 1 | 2 | 4;

/** The membership bit: has an odd number of places been reached? */
function insideAt(places: number): number {
  return places & 1 ? INSIDE : 0;
}

/** An entry, its lower word first. */
type Entry = [place: number, rest: number];

class Layout {
  #words = new Uint32Array(1 << 12);
  /** The same. */
  #halves = new Uint16Array(this.#words.buffer);
  #used = WORDS;

  /** `width`: words of a place. */
  place(edges: Edges, width: Width): Entry {
    return edges.count > BLOCK
      ? this.#node(edges, 0, edges.count, width, 0)
      : this.#blocks(edges, 0, edges.count, width);
  }

  /** The value, with what it begins with. */
  finish(head: number[]): Uint8Array {
    this.#words.set(head);
    return new Uint8Array(this.#words.buffer, 0, this.#used * 4 + REACH);
  }

  /** Room for so many words, at a unit of its own. */
  #reserve(words: number): number {
    const at = this.#used;
    this.#used += Math.ceil(words / WORDS) * WORDS;
    if (this.#used + REACH / 4 > this.#words.length) {
      const larger = new Uint32Array(Math.max(this.#words.length * 2, this.#used + REACH / 4));
      larger.set(this.#words);
      this.#words = larger;
      this.#halves = new Uint16Array(larger.buffer);
    }
    return at;
  }

  /** Never empty, so that there is something to read. */
  #blocks(edges: Edges, from: number, to: number, width: Width): Entry {
    const blocks = Math.max(1, Math.ceil((to - from) / BLOCK));
    const at = this.#reserve(blocks * BLOCK * width);
    // What is left over of the first block stays 0, which every address has reached.
    const spare = blocks * BLOCK - (to - from);
    this.#write(edges, from, to, width, at + spare * width);
    return [at / WORDS, (blocks | insideAt(from + spare)) >>> 0];
  }

  #node(edges: Edges, from: number, to: number, width: Width, level: number): Entry {
    const [low, range] = this.#extent(edges, from, to, width, level);
    const ofHosts =
      width === 1 && level === 0 ? shiftFor(range, countHosts(edges) / HOST_BUCKET) : SHORT_BITS;
    const holdsHosts = ofHosts <= HOST_BITS;
    const near = holdsHosts ? ofHosts : shiftFor(range, (to - from) / SHORT_BUCKET);
    const isShort = width === 1 && near <= SHORT_BITS;
    const shift = isShort ? near : shiftFor(range, (to - from) / BUCKET);
    const size = isShort ? (SHORT + 2) / 2 : BLOCK * width;
    const last = shifted(range.hi, range.lo, shift);
    const at = this.#reserve(WORDS + (last + 1) * size);
    this.#words.set([low.lo, low.hi, shift, last, Number(isShort)], at);
    let edge = from;
    for (let index = 0; index <= last; index++) {
      const begin = edge;
      if (width === 1) {
        const end = low.lo + (index + 1) * 2 ** shift;
        while (edge < to && (edges.lo[edge] ?? 0) < end) edge++;
      } else while (edge < to && indexOf(edges, edge, low, shift) === index) edge++;
      const place = at + WORDS + index * size;
      if (holdsHosts && this.#hosts(edges, begin, edge, place, low.lo + index * 2 ** shift)) continue;
      if (isShort && edge - begin <= SHORT)
        this.#distances(edges, begin, edge, place, low.lo + index * 2 ** shift);
      else this.#bucket(edges, begin, edge, width, level, place);
    }
    return [at / WORDS, (NODE | insideAt(from)) >>> 0];
  }

  /** False when there are too many addresses, or a range that reaches beyond the bucket. `low`: where it begins. */
  #hosts(edges: Edges, from: number, to: number, at: number, low: number): boolean {
    if ((from | to) & 1) return false;
    let count = 0;
    for (let edge = from; edge < to; edge += 2) count += (edges.lo[edge + 1] ?? 0) - (edges.lo[edge] ?? 0);
    if (count > SHORT) return false;
    for (let word = at; word < at + (SHORT + 2) / 2; word++) this.#words[word] = NO_HOSTS;
    let slot = 2 * at + 2; // behind the head
    for (let edge = from; edge < to; edge += 2) {
      const end = (edges.lo[edge + 1] ?? 0) - low;
      for (let distance = (edges.lo[edge] ?? 0) - low; distance < end; distance++)
        this.#halves[slot++] = distance;
    }
    return true;
  }

  /** `low`: where the bucket begins. */
  #distances(edges: Edges, from: number, to: number, at: number, low: number): void {
    const spare = SHORT - (to - from);
    this.#words[at] = insideAt(from + spare);
    for (let edge = from; edge < to; edge++) {
      const slot = 2 + spare + edge - from;
      const word = at + (slot >>> 1);
      const distance = (edges.lo[edge] ?? 0) - low;
      this.#words[word] = ((this.#words[word] ?? 0) | (distance << (slot & 1 ? 16 : 0))) >>> 0;
    }
  }

  #bucket(edges: Edges, from: number, to: number, width: Width, level: number, at: number): void {
    const spare = BLOCK - 1 - (to - from);
    if (spare >= 0) {
      this.#words[at] = insideAt(from + spare);
      this.#write(edges, from, to, width, at + (1 + spare) * width);
      return;
    }
    const divides = to - from > MOST_IN_BLOCKS && level + 1 < LEVELS;
    const entry = divides
      ? this.#node(edges, from, to, width, level + 1)
      : this.#blocks(edges, from, to, width);
    this.#words[at] = ELSEWHERE;
    this.#words.set(entry, at + 2);
  }

  #write(edges: Edges, from: number, to: number, width: Width, at: number): void {
    for (let edge = from; edge < to; edge++, at += width) {
      if (width === 1) {
        this.#words[at] = edges.lo[edge] ?? 0;
        continue;
      }
      this.#words[at] = edges.lo[edge] ?? 0;
      this.#words[at + 1] = edges.hi[edge] ?? 0;
      if (width === 2) continue;
      this.#words[at + 2] = edges.rest[edge * 2 + 1] ?? 0;
      this.#words[at + 3] = edges.rest[edge * 2] ?? 0;
    }
  }

  /** The root of IPv4 divides all addresses, so that a set can change anywhere; all other nodes what they hold. */
  #extent(edges: Edges, from: number, to: number, width: number, level: number): [Pair, Pair] {
    if (width === 1 && level === 0)
      return [
        { hi: 0, lo: 0 },
        { hi: 0, lo: 0xffffffff },
      ];
    const low = { hi: edges.hi[from] ?? 0, lo: edges.lo[from] ?? 0 };
    return [low, difference(edges.hi[to - 1] ?? 0, edges.lo[to - 1] ?? 0, low)];
  }
}

interface Pair {
  hi: number;
  lo: number;
}

function difference(hi: number, lo: number, low: Pair): Pair {
  return { hi: hi - low.hi - (lo < low.lo ? 1 : 0), lo: (lo - low.lo) >>> 0 };
}

/** How far to the right: at most so many buckets, and more than half of them, but two at least. */
function shiftFor({ hi, lo }: Pair, buckets: number): number {
  const bits = hi === 0 ? 32 - Math.clz32(lo) : 64 - Math.clz32(hi);
  return Math.max(0, bits - Math.max(1, Math.floor(Math.log2(buckets))));
}

/** The lower 32 bits of a pair shifted to the right: all of it, by what `shiftFor` gives. */
function shifted(hi: number, lo: number, shift: number): number {
  if (shift >= 32) return hi >>> (shift - 32);
  return shift === 0 ? lo : ((hi << (32 - shift)) | (lo >>> shift)) >>> 0;
}

function indexOf(edges: Edges, edge: number, low: Pair, shift: number): number {
  const { hi, lo } = difference(edges.hi[edge] ?? 0, edges.lo[edge] ?? 0, low);
  return shifted(hi, lo, shift);
}
