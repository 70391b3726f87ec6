// `sourceMac` and `destinationMac`: 48-bit addresses as numbers, first byte most significant. The datapath looks them up like
// addresses, as the first six bytes of four words.
import { NO_WORDS } from '../../addresses/ranges.js';
import type { Range } from '../../model/policy.js';
import { type Interval, type IntervalSet, subtractSets, union } from '../analysis/intervals.js';
import { numbersOf } from '../analysis/box-sides.js';
import type { AddressDimension } from './dimension.js';
import type { Field } from './field.js';
import { notation } from './notation.js';
import { isAnything, pickNumber } from './number-dimension.js';

type Name = 'sourceMac' | 'destinationMac';

interface Place {
  /** Byte offset in the frame. */
  at: number;
  /** The default of a built frame. */
  usual: number;
  /** The word before it in a description: `from 02:...`. */
  word: string;
}

const ALL: IntervalSet = [[0, 2 ** 48 - 1]];
const LAST = 0xffffffff;
const LOW_BYTES = 0x1_0000_0000;

/** A 48-bit number, first byte most significant. */
export function formatMac(address: number): string {
  return (address.toString(16).padStart(12, '0').match(/../g) ?? []).join(':');
}

export function macField(
  name: Name,
  { at, usual, word }: Place,
): Field<'sourceMac'> & Field<'destinationMac'> {
  return {
    layer: 'link',
    inMatch: notation({ kind: 'mac' }),
    inPacket: notation({ kind: 'mac' }),
    help: {},
    dimension: dimensionOf(name, usual),
    read: ({ frame }) => readMac(frame, at),
    agrees: (asked, value) => isIn(intervalsOf(asked), value),
    except: (asked, not) =>
      subtractSets(asked ? intervalsOf(asked) : ALL, intervalsOf(not)).map(([from, to]) => ({ from, to })),
    put: ({ frame }, value = usual) => {
      frame.setUint16(at, Math.floor(value / LOW_BYTES));
      frame.setUint32(at + 2, value % LOW_BYTES);
    },
    describe: (value) => value,
    words: (value) => (value === usual ? [] : [`${word} ${formatMac(value)}`]),
    report: formatMac,
    samples: [0x02_00_00_00_00_01, 0x02_00_00_00_00_02, 0x02_aa_bb_cc_dd_ee, 0xff_ff_ff_ff_ff_ff],
  };
}

function readMac(frame: DataView, at: number): number {
  return frame.getUint16(at) * LOW_BYTES + frame.getUint32(at + 2);
}

function dimensionOf(name: Name, usual: number): AddressDimension {
  return {
    lookup: 'address',
    width: () => 4,
    addresses: (match) => {
      const macs = match[name];
      return macs && { 4: toWords(intervalsOf(macs)), 6: NO_WORDS };
    },
    isIn: isAnything,
    full: () => ALL,
    side: (match) => match[name] && intervalsOf(match[name]),
    witness: (side) => ({ [name]: pickNumber(numbersOf(side), [usual]) }),
  };
}

function intervalsOf(macs: (number | Range)[]): IntervalSet {
  return union(macs.map((one): Interval => (typeof one === 'number' ? [one, one] : [one.from, one.to])));
}

function isIn(intervals: IntervalSet, mac: number): boolean {
  return intervals.some(([from, to]) => from <= mac && mac <= to);
}

/** Sorted and never adjacent, as intervals are. */
function toWords(intervals: IntervalSet): Uint32Array {
  return Uint32Array.from(
    intervals.flatMap(([from, to]) => [...firstWords(from), 0, 0, ...firstWords(to, 0xffff), LAST, LAST]),
  );
}

/** The first two of the four words whose first 48 bits are a MAC address. */
function firstWords(mac: number, rest = 0): [number, number] {
  return [Math.floor(mac / 0x10000), ((mac % 0x10000) * 0x10000 + rest) >>> 0];
}
