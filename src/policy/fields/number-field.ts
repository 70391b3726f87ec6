// A field that is a number, and of which a match holds ranges.
import type { FieldName, Match, PacketDescription, Range } from '../../model/policy.js';
import { type Interval, type IntervalSet, subtractSets, union } from '../analysis/intervals.js';
import type { Field, PacketValues } from './field.js';
import type { Notation } from './notation.js';

/** Fields whose values are numbers in a match, a packet and a description of one. */
export type NumberName = {
  [N in FieldName]-?: [Match[N], PacketValues[N], PacketDescription[N]] extends [
    Range[] | undefined,
    number,
    number | undefined,
  ]
    ? N
    : never;
}[FieldName];

type Common = 'agrees' | 'describe' | 'except';

/** The members that are the same for all number fields. */
export function numberField<N extends NumberName>(
  spec: Omit<Field<N>, Common> & Partial<Pick<Field<N>, Common>>,
): Field<N> {
  const same: Pick<Field<'ttl'>, Common> = {
    agrees: isInRanges,
    describe: (value) => value,
    except: (asked, not) => exceptRanges(asked ?? [{ from: 0, to: greatest(spec.inMatch) }], not),
  };
  return { ...(same as unknown as Pick<Field<N>, Common>), ...spec };
}

function isInRanges(ranges: Range[], value: number): boolean {
  return ranges.some(({ from, to }) => from <= value && value <= to);
}

function greatest(written: Notation): number {
  if ('to' in written) return written.to;
  throw new TypeError(`${written.kind} is no notation of numbers`);
}

function exceptRanges(ranges: Range[], not: Range[]): Range[] {
  const intervals = (of: Range[]): IntervalSet => union(of.map(({ from, to }): Interval => [from, to]));
  return subtractSets(intervals(ranges), intervals(not)).map(([from, to]) => ({ from, to }));
}

/** The number after a word; no words when it is the default. */
export function wordUnless(usual: number | undefined, word: string): (value: number) => string[] {
  return (value) => (value === usual ? [] : [`${word} ${value}`]);
}
