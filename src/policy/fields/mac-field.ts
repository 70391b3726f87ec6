// `sourceMac` and `destinationMac`: 48-bit addresses as numbers, first byte most significant. The datapath looks them up like
// addresses, as the first six bytes of four words.
import { writeNetwork } from '../../addresses/networks.js';
import { mergeRanges } from '../../addresses/merge-ranges.js';
import { NO_WORDS } from '../../addresses/ranges.js';
import { type Interval, union } from '../analysis/intervals.js';
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

const BITS = 48;
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
    agrees: (asked, value) => asked.includes(value),
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
      return macs && { 4: toRanges(macs), 6: NO_WORDS };
    },
    isIn: isAnything,
    full: () => [[0, 2 ** BITS - 1]],
    side: (match) => match[name] && union(match[name].map((mac): Interval => [mac, mac])),
    witness: (side) => ({ [name]: pickNumber(numbersOf(side), [usual]) }),
  };
}

function toRanges(macs: number[]): Uint32Array {
  const words = new Uint32Array(macs.length * 8);
  macs.forEach((mac, at) => {
    const a = Math.floor(mac / 0x10000);
    writeNetwork(words, at * 8, { family: 6, a, b: (mac % 0x10000) << 16, c: 0, d: 0, length: BITS }, 4);
  });
  return mergeRanges(words, 4).words;
}
