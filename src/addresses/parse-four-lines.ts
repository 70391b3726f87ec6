// Lines of IPv4 addresses and networks -> their ranges, a million at a time: most long lists are nothing else. How many digits
// a part has cannot be foretold, and a branch that is foretold wrong costs more than a part: so parts are read by arithmetic,
// and a line is looked at once for all that may be wrong with it. What is left alone is for parse-bytes.ts and parse.ts.

const [BREAK, ZERO, NINE, DOT, SLASH] = [0x0a, 0x30, 0x39, 0x2e, 0x2f];
/** Bytes of the longest line, `255.255.255.255/32`, and of what is looked at behind one. */
const REACH = 24;

export interface LinesRead {
  /** Where the first line begins that was not read. */
  next: number;
  lines: number;
}

/** All bits for a digit, else none. */
function digitMask(byte: number): number {
  return ((byte - NINE - 1) & (ZERO - 1 - byte)) >> 31;
}

/**
 * Reads lines from `start` on while each is an IPv4 address or network with a line break behind it and nothing else, `most` of
 * them at most, and leaves those at the end of the bytes. Puts the first and last address of each into `words`, from `at` on.
 */
export function parseFourLines(
  bytes: Uint8Array,
  start: number,
  words: Uint32Array,
  at: number,
  most: number,
): LinesRead {
  const end = bytes.length - REACH;
  let next = start;
  let lines = 0;
  for (; lines < most && next < end; lines++) {
    let place = next;
    let word = 0;
    let bad = 0;
    for (let part = 0; part < 4; part++) {
      const first = bytes[place] ?? 0;
      const second = bytes[place + 1] ?? 0;
      const third = bytes[place + 2] ?? 0;
      const hasTwo = digitMask(second);
      const hasThree = hasTwo & digitMask(third);
      const one = first - ZERO;
      const two = one + (hasTwo & (one * 9 + second - ZERO));
      const value = two + (hasThree & (two * 9 + third - ZERO));
      bad |= ~digitMask(first) | (hasTwo & ((one - 1) >> 31)) | ((255 - value) >> 31); // a zero in front; more than 255
      word = (word << 8) | value;
      place += 2 - hasTwo - hasThree; // behind what follows the part
      if (part < 3) bad |= (bytes[place - 1] ?? 0) ^ DOT;
    }
    let host = 0;
    if (bytes[place - 1] === SLASH) {
      const first = (bytes[place] ?? 0) - ZERO;
      const second = (bytes[place + 1] ?? 0) - ZERO;
      const hasTwo = second >= 0 && second <= 9;
      const length = hasTwo ? first * 10 + second : first;
      if (first < 0 || first > 9 || (hasTwo && first === 0) || length > 32) break;
      host = length === 0 ? -1 : ~(-1 << (32 - length));
      place += hasTwo ? 3 : 2;
    }
    bad |= ((bytes[place - 1] ?? 0) ^ BREAK) | (word & host);
    if (bad !== 0) break;
    words[at + 2 * lines] = word;
    words[at + 2 * lines + 1] = word | host;
    next = place;
  }
  return { next, lines };
}
