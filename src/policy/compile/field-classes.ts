// Divides the values of one dimension into classes that no rule tells apart. A class is the bit vector of the rules that accept
// its values; a packet that lacks it gets the vector of the rules that do not ask about it.
import { Classes, flipBit } from './bits.js';
import type { AddressDimension, DimensionName, NumberDimension, SetMatch } from '../fields/dimension.js';
import { DIMENSION_NAMES, DIMENSIONS } from '../fields/registry.js';
import { type Member, type Partition, partition } from './partition.js';

interface AnyClasses {
  name: DimensionName;
  classes: Classes;
  /** Class of packets that lack it, and of addresses in no set. */
  absent: number;
}

interface NumberClasses extends AnyClasses {
  kind: 'number';
  dimension: NumberDimension;
  /** Value -> class. */
  byValue: Uint16Array;
}

interface AddressClasses extends AnyClasses {
  kind: 'address';
  /** MAC addresses are here, as the first bytes of four words. */
  four: Partition;
  six: Partition;
}

export type FieldClasses = NumberClasses | AddressClasses;

/** Dimensions that at least one match asks about, in their order. `words` is the size of a set. */
export function classifyFields(matches: SetMatch[], words: number): FieldClasses[] {
  const used: FieldClasses[] = [];
  for (const name of DIMENSION_NAMES) {
    const dimension = DIMENSIONS[name];
    const classes =
      dimension.lookup === 'address'
        ? classifyAddresses(matches, name, dimension, words)
        : classifyNumbers(matches, name, dimension, words);
    if (classes) used.push(classes);
  }
  return used;
}

/** The set of rules that do not ask; `undefined` when none asks. */
function indifferent(asks: boolean[], words: number): Uint32Array | undefined {
  if (!asks.includes(true)) return undefined;
  const set = new Uint32Array(words);
  asks.forEach((ask, rule) => {
    if (!ask) flipBit(set, rule);
  });
  return set;
}

/** A sweep over the values: at each edge, the bits of the rules that begin or end there are flipped. */
function classifyNumbers(
  matches: SetMatch[],
  name: DimensionName,
  dimension: NumberDimension,
  words: number,
): NumberClasses | undefined {
  const ranges = matches.map((match) => dimension.ranges(match));
  const set = indifferent(
    ranges.map((range) => range !== undefined),
    words,
  );
  if (!set) return undefined;
  const classes = new Classes(words);
  const absent = classes.number(set);
  const edges = new Map<number, Map<number, number>>(); // value -> rule -> ranges that begin less those that ended
  const mark = (value: number, rule: number, change: number): void => {
    let at = edges.get(value);
    if (!at) edges.set(value, (at = new Map<number, number>()));
    at.set(rule, (at.get(rule) ?? 0) + change);
  };
  ranges.forEach((list, rule) => {
    for (const { from, to } of list ?? []) {
      mark(from, rule, 1);
      mark(to + 1, rule, -1);
    }
  });
  const byValue = new Uint16Array(dimension.values).fill(absent);
  const depth = new Map<number, number>(); // rule -> ranges around the value
  const values = [...edges.keys()].sort((x, y) => x - y);
  values.forEach((value, index) => {
    for (const [rule, change] of edges.get(value) ?? []) {
      const before = depth.get(rule) ?? 0;
      depth.set(rule, before + change);
      if (before > 0 !== before + change > 0) flipBit(set, rule);
    }
    byValue.fill(classes.number(set), value, values[index + 1] ?? byValue.length);
  });
  return { kind: 'number', name, dimension, classes, absent, byValue };
}

/** Rules that name the same set share it, so that a large set is swept once. */
function classifyAddresses(
  matches: SetMatch[],
  name: DimensionName,
  dimension: AddressDimension,
  words: number,
): AddressClasses | undefined {
  const sets = matches.map((match) => dimension.addresses(match));
  const set = indifferent(
    sets.map((one) => one !== undefined),
    words,
  );
  if (!set) return undefined;
  const classes = new Classes(words);
  const absent = classes.number(set);
  const of = (family: 4 | 6): Partition => {
    const members = new Map<Uint32Array, Member>();
    sets.forEach((one, rule) => {
      const ranges = one?.[family];
      if (!ranges) return;
      const member = members.get(ranges);
      if (member) member.rules.push(rule);
      else members.set(ranges, { words: ranges, rules: [rule] });
    });
    return partition([...members.values()], dimension.width(family), classes, absent);
  };
  return { kind: 'address', name, classes, absent, four: of(4), six: of(6) };
}
