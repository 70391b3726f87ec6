// Ranges as the bytes that are hashed and kept: the number of words of either family, then the words. Little-endian,
// as every machine that this runs on.
import type { AddressRanges } from './ranges.js';

const HEAD_BYTES = 8;

export function encodeRanges({ four, six }: AddressRanges): Uint8Array {
  const words = new Uint32Array(2 + four.length + six.length);
  words.set([four.length, six.length]);
  words.set(four, 2);
  words.set(six, 2 + four.length);
  return new Uint8Array(words.buffer);
}

/** Of bytes that `encodeRanges` made. Throws a RangeError for others. */
export function decodeRanges(bytes: Uint8Array): AddressRanges {
  const whole = new Uint8Array(bytes.length & ~3); // a copy: a Buffer may begin anywhere
  whole.set(bytes.subarray(0, whole.length));
  const words = new Uint32Array(whole.buffer);
  const [four = 0, six = 0] = words;
  if (bytes.length !== HEAD_BYTES + 4 * (four + six)) throw new RangeError('these are no address ranges');
  return { four: words.subarray(2, 2 + four), six: words.subarray(2 + four) };
}
