// Decides which address sets become maps of their own, shared by all programs that use them, instead of a part of the
// policy's tables. To the rules such a set is one bit: whether the address is in it.
import { ADDRESS_FIELDS, type AddressSet, type Match, type Range } from '../../model/policy.js';
import { MOST_SETS, type TableSet } from '../../model/tables.js';
import type { SetMatch } from '../fields/dimension.js';

/** Longer lists have a map of their own. */
const INLINE_RANGES = 256;

type Direction = TableSet['direction'];

/** The longest sets get the slots; a set without a slot stays in its match. */
export function separateSets(matches: Match[]): { matches: SetMatch[]; sets: TableSet[] } {
  const found = new Map<string, { direction: Direction; set: AddressSet }>();
  for (const match of matches) {
    for (const direction of ADDRESS_FIELDS) {
      const set = match[direction];
      if (set && set.lists.length > 0 && set.ranges > INLINE_RANGES)
        found.set(keyOf(direction, set), { direction, set });
    }
  }
  const chosen = [...found].sort(([, x], [, y]) => y.set.ranges - x.set.ranges).slice(0, MOST_SETS);
  const slots = new Map(chosen.map(([key], slot) => [key, slot]));
  return {
    matches: matches.map((match) => withBits(match, slots)),
    sets: chosen.map(([, { direction, set }]) => ({
      direction,
      name: set.lists.join('+'),
      digest: set.digest,
      content: set.content,
    })),
  };
}

function keyOf(direction: Direction, { digest }: AddressSet): string {
  return `${direction} ${digest}`;
}

function withBits(match: Match, slots: ReadonlyMap<string, number>): SetMatch {
  let mask = 0;
  const rest = { ...match };
  for (const direction of ADDRESS_FIELDS) {
    const set = match[direction];
    const slot = set && slots.get(keyOf(direction, set));
    if (slot === undefined) continue;
    mask |= 1 << slot;
    Reflect.deleteProperty(rest, direction);
  }
  return mask === 0 ? match : { ...rest, sets: masksWith(mask, 1 << slots.size) };
}

/** All masks below `end` that have the bits of `mask`. */
function masksWith(mask: number, end: number): Range[] {
  const ranges: Range[] = [];
  for (let value = 0; value < end; value++) {
    if ((value & mask) === mask) ranges.push({ from: value, to: value });
  }
  return ranges;
}
