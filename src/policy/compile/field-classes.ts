// Divides the values of one field into classes that no rule tells apart. A class is the bit vector of the rules that accept
// its values; a packet without the field gets the vector of the rules that do not ask about it.
import { Classes, flipBit } from './bits.js';
import {
  addressesOf,
  DOMAIN,
  FIELDS,
  isPrefixField,
  prefixWidth,
  rangesOf,
  type NumberField,
  type PrefixField,
} from '../fields.js';
import type { SetMatch } from './large-sets.js';
import { type Member, type Partition, partition } from './partition.js';

interface FieldBase {
  classes: Classes;
  /** Class of packets without the field, and of addresses in no set. */
  absent: number;
}

interface NumberClasses extends FieldBase {
  kind: 'number';
  field: NumberField;
  /** Value -> class. */
  byValue: Uint16Array;
}

interface PrefixClasses extends FieldBase {
  kind: 'prefix';
  field: PrefixField;
  /** MAC addresses are here, as the first bytes of four words. */
  four: Partition;
  six: Partition;
}

export type FieldClasses = NumberClasses | PrefixClasses;

/** Fields that at least one match asks about, in the order of FIELDS. `words` is the size of a set. */
export function classifyFields(matches: SetMatch[], words: number): FieldClasses[] {
  const used: FieldClasses[] = [];
  for (const field of FIELDS) {
    const classes = isPrefixField(field)
      ? classifyPrefixField(matches, field, words)
      : classifyNumberField(matches, field, words);
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

/** A sweep over the values: at each edge the rules that begin or end there are switched. */
function classifyNumberField(
  matches: SetMatch[],
  field: NumberField,
  words: number,
): NumberClasses | undefined {
  const ranges = matches.map((match) => rangesOf(match, field));
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
  const byValue = new Uint16Array(DOMAIN[field]).fill(absent);
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
  return { kind: 'number', field, classes, absent, byValue };
}

/** Rules that name the same set share it: a large one is gone through once. */
function classifyPrefixField(
  matches: SetMatch[],
  field: PrefixField,
  words: number,
): PrefixClasses | undefined {
  const sets = matches.map((match) => addressesOf(match, field));
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
    return partition([...members.values()], prefixWidth(field, family), classes, absent);
  };
  return { kind: 'prefix', field, classes, absent, four: of(4), six: of(6) };
}
