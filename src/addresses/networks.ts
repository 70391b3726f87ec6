// Networks <-> ranges of addresses.
import type { Cidr } from './cidr.js';
import { mergeRanges } from './merge-ranges.js';
import { type AddressRanges, type Width, widthOf } from './ranges.js';

export function fromCidrs(cidrs: readonly Cidr[]): AddressRanges {
  return { four: wordsOf(cidrs, 4), six: wordsOf(cidrs, 6) };
}

function wordsOf(cidrs: readonly Cidr[], family: 4 | 6): Uint32Array {
  const own = cidrs.filter((cidr) => cidr.family === family);
  const width = widthOf(family);
  const words = new Uint32Array(own.length * 2 * width);
  own.forEach((cidr, at) => {
    writeNetwork(words, at * 2 * width, cidr, width);
  });
  return mergeRanges(words, width).words;
}

/** Writes the first and the last address. */
export function writeNetwork(to: Uint32Array, at: number, { a, b, c, d, length }: Cidr, width: Width): void {
  const words = [a, b, c, d];
  for (let word = 0; word < width; word++) {
    to[at + word] = words[word] ?? 0;
    to[at + width + word] = (words[word] ?? 0) | ~maskWord(length, word * 32);
  }
}

/** The first `length` bits of a word that starts at bit `at` of the address. */
export function maskWord(length: number, at: number): number {
  const bits = Math.min(32, Math.max(0, length - at));
  return bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
}

/** The fewest networks that make up the set, by address. */
export function toCidrs(ranges: AddressRanges): Cidr[] {
  return [...networksOf(ranges.four, 4), ...networksOf(ranges.six, 6)];
}

function networksOf(words: Uint32Array, family: 4 | 6): Cidr[] {
  const width = widthOf(family);
  const networks: Cidr[] = [];
  for (let at = 0; at < words.length; at += 2 * width) {
    const last = toNumber(words, at + width, width);
    for (let first = toNumber(words, at, width); first <= last;) {
      const length = widest(first, last, width * 32);
      const word = (index: number): number => {
        return index < width ? Number((first >> BigInt((width - 1 - index) * 32)) & 0xffffffffn) : 0;
      };
      networks.push({ family, a: word(0), b: word(1), c: word(2), d: word(3), length });
      first += 1n << BigInt(width * 32 - length);
    }
  }
  return networks;
}

/** Prefix length of the widest network that begins at `first` and does not reach beyond `last`. */
function widest(first: bigint, last: bigint, bits: number): number {
  let length = bits;
  for (; length > 0; length--) {
    const size = 1n << BigInt(bits - length + 1);
    if (first % size !== 0n || first + size - 1n > last) break;
  }
  return length;
}

function toNumber(words: Uint32Array, at: number, width: Width): bigint {
  let number = 0n;
  for (let word = 0; word < width; word++) number = (number << 32n) | BigInt(words[at + word] ?? 0);
  return number;
}
