// Bytes -> networks, for lists of millions: the common ways to write one, without a string or an object. What it does
// not understand is no refusal: address.ts reads that again, as text, and says what is wrong.

const [ZERO, NINE, DOT, COLON, SLASH] = [0x30, 0x39, 0x2e, 0x3a, 0x2f];

/** One network at a time: read, then taken from `words`. */
export class NetworkBytes {
  /** First and last address: 1 and 1 words of IPv4, 4 and 4 of IPv6. */
  readonly words = new Uint32Array(8);
  #at = 0;

  /** The family of the network that is bytes[from..to), or 0 for anything that has to be looked at as text. */
  read(bytes: Uint8Array, from: number, to: number): 0 | 4 | 6 {
    this.#at = from;
    if (this.#readFour(bytes, to)) return this.#bound(bytes, to, 32) ? 4 : 0;
    this.#at = from;
    return this.#readSix(bytes, to) && this.#bound(bytes, to, 128) ? 6 : 0;
  }

  #readFour(bytes: Uint8Array, to: number): boolean {
    let word = 0;
    for (let part = 0; part < 4; part++) {
      const start = this.#at;
      const value = this.#number(bytes, to, 3);
      const digits = this.#at - start;
      if (value > 255 || digits === 0 || (digits > 1 && bytes[start] === ZERO)) return false;
      word = word * 256 + value;
      if (part < 3 && (this.#at >= to || bytes[this.#at++] !== DOT)) return false;
    }
    this.words[0] = word;
    return true;
  }

  /** Decimal digits, at most so many; what follows them is not looked at. */
  #number(bytes: Uint8Array, to: number, most: number): number {
    let value = 0;
    const end = Math.min(to, this.#at + most);
    for (; this.#at < end; this.#at++) {
      const code = bytes[this.#at] ?? 0;
      if (code < ZERO || code > NINE) break;
      value = value * 10 + code - ZERO;
    }
    return value;
  }

  /** Groups into the first four words; an end that is written like IPv4 is left to address.ts. */
  #readSix(bytes: Uint8Array, to: number): boolean {
    const { words } = this;
    words.fill(0, 0, 4);
    let groups = 0;
    let gap = -1; // groups before "::"
    if (bytes[this.#at] === COLON) {
      if (bytes[this.#at + 1] !== COLON) return false;
      gap = 0;
      this.#at += 2;
    }
    while (this.#at < to && bytes[this.#at] !== SLASH) {
      if (groups > 0 && gap !== groups) {
        if (bytes[this.#at++] !== COLON || this.#at >= to) return false;
        if (bytes[this.#at] === COLON) {
          if (gap !== -1) return false;
          gap = groups;
          this.#at++;
          continue;
        }
      }
      const group = this.#group(bytes, to);
      if (group < 0 || groups === 8) return false;
      words[groups >>> 1] = (words[groups >>> 1] ?? 0) | (groups & 1 ? group : group << 16);
      groups++;
    }
    if (gap === -1) return groups === 8;
    if (groups === 8) return false; // "::" stands for at least one group of zeros
    this.#open(gap, groups);
    return true;
  }

  /** Moves the groups behind the gap to the end. */
  #open(gap: number, groups: number): void {
    for (let from = groups - 1, to = 7; from >= gap; from--, to--) {
      this.#setGroup(to, this.#groupAt(from));
      if (from !== to) this.#setGroup(from, 0);
    }
  }

  #groupAt(index: number): number {
    return ((this.words[index >>> 1] ?? 0) >>> (index & 1 ? 0 : 16)) & 0xffff;
  }

  #setGroup(index: number, group: number): void {
    const word = this.words[index >>> 1] ?? 0;
    this.words[index >>> 1] = index & 1 ? (word & 0xffff0000) | group : (word & 0xffff) | (group << 16);
  }

  /** One to four hexadecimal digits; -1 for none. */
  #group(bytes: Uint8Array, to: number): number {
    let group = 0;
    const start = this.#at;
    const end = Math.min(to, start + 4);
    for (; this.#at < end; this.#at++) {
      const code = bytes[this.#at] ?? 0;
      const letter = (code | 0x20) - 0x61; // either case
      if (code >= ZERO && code <= NINE) group = group * 16 + code - ZERO;
      else if (letter >= 0 && letter < 6) group = group * 16 + letter + 10;
      else break;
    }
    return this.#at === start ? -1 : group;
  }

  /** The prefix length, if there is one, and from it the last address. */
  #bound(bytes: Uint8Array, to: number, bits: 32 | 128): boolean {
    const { words } = this;
    let length: number = bits;
    if (this.#at < to) {
      const start = this.#at + 1;
      if (bytes[this.#at++] !== SLASH) return false;
      length = this.#number(bytes, to, 3);
      if (this.#at !== to || this.#at === start || length > bits) return false;
      if (bytes[start] === ZERO && to > start + 1) return false;
    }
    const width = bits / 32;
    for (let word = 0; word < width; word++) {
      const free = Math.min(32, Math.max(0, (word + 1) * 32 - length));
      const host = free === 0 ? 0 : 0xffffffff >>> (32 - free);
      const value = words[word] ?? 0;
      if ((value & host) !== 0) return false;
      words[width + word] = value | host;
    }
    return true;
  }
}
