// The lists that are measured: addresses that look random, each once; prefixes as block lists and routing tables have
// them; and for each list the next version and addresses that are in it or not.

const MISS = 0x40000000;

/** Rows of the tables; five rounds of each where nothing else is said. */
export const CASES = [
  { name: '1k', family: 4, count: 1000 },
  { name: '10k', family: 4, count: 10_000 },
  { name: '100k', family: 4, count: 100_000 },
  { name: '1M', family: 4, count: 1_000_000 },
  { name: '4M', family: 4, count: 4_000_000 },
  { name: '1M prefixes', family: 4, count: 1_000_000, prefixes: true },
  { name: '1M IPv6', family: 6, count: 1_000_000, prefixes: true },
];

/** What the case is called that is no list. */
export const INTERFACES = 'interfaces';

/** A bijection of 32-bit numbers: no address comes twice. */
function mix(number, seed = 0) {
  let x = ((number + 1) ^ seed) >>> 0; // 0 stays 0, which is no address
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Mostly long, in the way of a block list: one in 64 from /16 to /23, one in 65,536 from /8 to /15. */
function length4(index) {
  const dice = mix(index, 0x5bd1e995);
  if (dice % 65_536 === 0) return 8 + (dice >>> 29);
  return dice % 64 === 0 ? 16 + (dice >>> 29) : 24 + ((dice >>> 16) % 9);
}

/** `{ words, length }` of entry number `index`: four 32-bit words of an IPv6 address, or one. */
function entry({ family, prefixes }, index) {
  if (family === 4) {
    const length = prefixes ? length4(index) : 32;
    return { words: [(mix(index) & (0xffffffff << (32 - length))) >>> 0], length };
  }
  const length = prefixes ? 32 + (mix(index, 0x5bd1e995) % 33) : 128;
  const low = mix(index, 0x1b873593);
  const second = length >= 64 ? low : (low & ~(0xffffffff >>> (length - 32))) >>> 0;
  return { words: [(0x20000000 | (mix(index) >>> 3)) >>> 0, second, 0, 0], length };
}

function text({ words, length }) {
  if (words.length === 1) {
    const [a] = words;
    const address = `${a >>> 24}.${(a >>> 16) & 255}.${(a >>> 8) & 255}.${a & 255}`;
    return length === 32 ? address : `${address}/${length}`;
  }
  const groups = words.slice(0, 2).flatMap((word) => [word >>> 16, word & 0xffff]);
  return `${groups.map((group) => group.toString(16)).join(':')}::/${length}`;
}

/** Version 0, 1, ... of a list: each takes half of `changes` entries out of the one before and puts as many in. */
export class List {
  #half;

  constructor(wanted, changes = Math.min(1000, wanted.count / 10)) {
    this.wanted = wanted;
    this.changes = changes;
    this.#half = changes / 2;
  }

  /** The indexes that `version` has lost and won, compared with the one before. */
  step(version) {
    const lost = (version - 1) * this.#half;
    const range = (from) => Array.from({ length: this.#half }, (_, at) => from + at);
    return { removed: range(lost), added: range(this.wanted.count + lost) };
  }

  *indexes(version = 0) {
    const from = version * this.#half;
    for (let at = from; at < from + this.wanted.count; at++) yield at;
  }

  entry(index) {
    return entry(this.wanted, index);
  }

  text(index) {
    return text(this.entry(index));
  }

  /** Lines in pieces: a million lines are no single string. */
  *lines(version = 0, line = (one) => one) {
    let piece = [];
    for (const index of this.indexes(version)) {
      piece.push(line(this.text(index)));
      if (piece.length < 50_000) continue;
      yield `${piece.join('\n')}\n`;
      piece = [];
    }
    if (piece.length > 0) yield `${piece.join('\n')}\n`;
  }

  /** An address of entry `index`, its host bits random: the words of a packet. */
  address(index) {
    const { words, length } = this.entry(index);
    return words.map((word, at) => {
      const hosts = Math.min(32, Math.max(0, 32 * (at + 1) - length));
      return hosts === 0 ? word : (word | (mix(index, at + 77) & (0xffffffff >>> (32 - hosts)))) >>> 0;
    });
  }

  /** `count` sources, 16 bytes each, as a packet has them: of entries, or (nearly all) of none. */
  sources(count, hit) {
    const view = new DataView(new ArrayBuffer(count * 16));
    for (let at = 0; at < count; at++) {
      const index = hit ? mix(at, 9) % this.wanted.count : MISS + at;
      this.address(index).forEach((word, place) => view.setUint32(at * 16 + place * 4, word));
    }
    return new Uint8Array(view.buffer);
  }
}
