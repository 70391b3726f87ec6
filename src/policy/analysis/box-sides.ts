// The side of a header-space box: the values of one field, as an interval set of numbers or as ranges of addresses. Kinds
// of packets share large address sets, so results of combining two of them are memoized while both are in use.
import { intersectWords, subtractWords, type Width } from '../../addresses/ranges.js';
import { type IntervalSet, intersectSets, subtractSets } from './intervals.js';

export type Side = IntervalSet | AddressSide;

export interface AddressSide {
  readonly width: Width;
  readonly words: Uint32Array;
}

/** All addresses of a family. */
export const ALL_ADDRESSES: Record<Width, AddressSide> = {
  1: { width: 1, words: Uint32Array.of(0, 0xffffffff) },
  4: { width: 4, words: Uint32Array.from({ length: 8 }, (_, at) => (at < 4 ? 0 : 0xffffffff)) },
};

function isAddresses(side: Side): side is AddressSide {
  return 'words' in side;
}

export function isEmpty(side: Side): boolean {
  return isAddresses(side) ? side.words.length === 0 : side.length === 0;
}

/** Both are of one field. */
export function intersectSides(x: Side, y: Side): Side {
  if (!isAddresses(x)) return intersectSets(x, numbersOf(y));
  const other = addressesOf(y);
  if (other === ALL_ADDRESSES[x.width]) return x;
  return x === ALL_ADDRESSES[x.width]
    ? other
    : { width: x.width, words: intersectWords(x.words, other.words, x.width) };
}

/** Both are of one field. */
export function subtractSides(x: Side, y: Side): Side {
  return isAddresses(x)
    ? { width: x.width, words: subtractWords(x.words, addressesOf(y).words, x.width) }
    : subtractSets(x, numbersOf(y));
}

/** Throws a TypeError for a side of numbers. */
export function addressesOf(side: Side): AddressSide {
  if (isAddresses(side)) return side;
  throw new TypeError('a number is no address');
}

/** Throws a TypeError for a side of addresses. */
export function numbersOf(side: Side): IntervalSet {
  if (!isAddresses(side)) return side;
  throw new TypeError('an address is no number');
}
