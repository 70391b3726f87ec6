// Makes dimensions whose values are numbers.
import type { PacketDescription, Range } from '../../model/policy.js';
import { type Interval, type IntervalSet, union } from '../analysis/intervals.js';
import { numbersOf } from '../analysis/box-sides.js';
import type { NumberDimension, PacketKind, SetMatch } from './dimension.js';

interface Spec {
  values: number;
  isAlwaysThere?: true;
  isIn: (kind: PacketKind) => boolean;
  ranges: (match: SetMatch) => Range[] | undefined;
  /** Default: all values. */
  full?: (kind: PacketKind) => IntervalSet;
  /** Values that are common in packets, for examples. */
  natural?: readonly number[];
  /** `undefined` omits the value from the description, unless the box restricts it (`asked`). */
  describe: (value: number, kind: PacketKind, asked: boolean) => PacketDescription;
}

export function numberDimension({ values, ranges, natural = [], describe, ...spec }: Spec): NumberDimension {
  const all: IntervalSet = [[0, values - 1]];
  return {
    lookup: 'number',
    values,
    ranges,
    full: () => all,
    side: (match) => sideOf(ranges(match)),
    witness: (side, kind, asked) => describe(pickNumber(numbersOf(side), natural), kind, asked),
    ...spec,
  };
}

function sideOf(ranges: Range[] | undefined): IntervalSet | undefined {
  return ranges && union(ranges.map(({ from, to }): Interval => [from, to]));
}

/** A common value of the side if there is one, else its first. */
export function pickNumber(set: IntervalSet, natural: readonly number[]): number {
  const likely = natural.find((one) => set.some(([from, to]) => from <= one && one <= to));
  return likely ?? set[0]?.[0] ?? 0;
}

export function isIp({ family }: PacketKind): boolean {
  return family !== 'none';
}

export function isAnything(): boolean {
  return true;
}
