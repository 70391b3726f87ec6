// Parses the entry of a line into its first and last address. IPv4-mapped addresses, which logs of IPv6 sockets have, become IPv4.
import { isMappedRange } from '../../addresses/mapped.js';
import { writeNetwork } from '../../addresses/networks.js';
import { parseCidr } from '../../addresses/parse.js';
import { NetworkBytes } from '../../addresses/parse-bytes.js';
import { compareWords, widthOf } from '../../addresses/ranges.js';
import type { Problem } from '../../text/wording.js';
import type { LineReader } from './list-formats.js';

type Family = 4 | 6;

export class EntryReader {
  readonly #network = new NetworkBytes();
  /** First and last address, 32-bit words: one each for IPv4, four each for IPv6. */
  readonly words = this.#network.words;
  /** Set when the entry is not an address, network or range. */
  problem: Problem | undefined;
  isMapped = false;

  constructor(private readonly bytes: Uint8Array) {}

  /** `undefined` after a `problem`, and for a blank entry. */
  read({ from, to, last }: LineReader): Family | undefined {
    this.problem = undefined;
    this.isMapped = false;
    const family = this.#readOne(from, to);
    if (!last || family === undefined) return family;
    const first = this.words.slice(0, widthOf(family));
    const other = this.#readOne(last.from, last.to);
    return other && this.#join(first, family, other);
  }

  #join(first: Uint32Array, family: Family, other: Family): Family | undefined {
    const width = widthOf(family);
    if (other !== family) this.problem = { summary: 'bad range', message: 'has a range of two families' };
    else if (compareWords(first, 0, this.words, width, width) > 0) {
      this.problem = { summary: 'inverted range', message: 'has a range that ends before it begins' };
    } else {
      this.words.set(first);
      return family;
    }
    return undefined;
  }

  #readOne(from: number, to: number): Family | undefined {
    const family = this.#network.read(this.bytes, from, to) || this.#readText(from, to);
    if (family !== 6 || !isMappedRange(this.words)) return family;
    const [, , , first = 0, , , , last = 0] = this.words;
    this.words[0] = first;
    this.words[1] = last;
    this.isMapped = true;
    return 4;
  }

  /** The slow path, for entries that the fast parsers do not handle. */
  #readText(from: number, to: number): Family | undefined {
    const text = new TextDecoder().decode(this.bytes.subarray(from, to)).trim();
    const read = text === '' ? undefined : parseCidr(text);
    if (read && 'message' in read) this.problem = read;
    if (!read || 'message' in read) return undefined;
    writeNetwork(this.words, 0, read, widthOf(read.family));
    return read.family;
  }
}
