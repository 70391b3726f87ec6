// Decides which address sets become maps of their own, shared by all programs that use them, instead of a part of the
// policy's tables. To the rules such a set is one bit: whether the address is in it.
import { halvesOf } from '../../model/match.js';
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
    for (const half of halvesOf(match)) {
      for (const direction of ADDRESS_FIELDS) {
        const set = half[direction];
        if (set && set.lists.length > 0 && set.ranges > INLINE_RANGES)
          found.set(keyOf(direction, set), { direction, set });
      }
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

type Slots = ReadonlyMap<string, number>;

function withBits({ not, ...match }: Match, slots: Slots): SetMatch {
  const must = takeBits(match, slots);
  const mustNot = not ? takeBits(not, slots) : { mask: 0, rest: {} };
  const rest = { ...must.rest, ...(Object.keys(mustNot.rest).length > 0 && { not: mustNot.rest }) };
  if ((must.mask | mustNot.mask) === 0) return rest;
  return { ...rest, sets: masksWith(must.mask, mustNot.mask, 1 << slots.size) };
}

/** The bits of the sets that have a slot, and the fields without them. */
function takeBits(fields: Omit<Match, 'not'>, slots: Slots): { mask: number; rest: Omit<Match, 'not'> } {
  let mask = 0;
  const rest = { ...fields };
  for (const direction of ADDRESS_FIELDS) {
    const set = fields[direction];
    const slot = set && slots.get(keyOf(direction, set));
    if (slot === undefined) continue;
    mask |= 1 << slot;
    Reflect.deleteProperty(rest, direction);
  }
  return { mask, rest };
}

/** All masks below `end` that have the bits of `must`, and none of `mustNot`. */
function masksWith(must: number, mustNot: number, end: number): Range[] {
  const ranges: Range[] = [];
  for (let value = 0; value < end; value++) {
    if ((value & must) === must && (value & mustNot) === 0) ranges.push({ from: value, to: value });
  }
  return ranges;
}
