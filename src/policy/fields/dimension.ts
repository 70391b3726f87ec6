// A dimension of the header space: what the datapath looks up at once, which is one field of a match or several that are joined into one
// number. A rule is a box in this space. A dimension says which values it has, which of them a match allows, and which packets
// have a value.
import type { FieldName, Match, PacketDescription, Range } from '../../model/policy.js';
import type { Width } from '../../addresses/ranges.js';
import type { IntervalSet } from '../analysis/intervals.js';
import type { Side } from '../analysis/box-sides.js';
import type { Transport } from './layers.js';

/** Fields that share a number with others. */
type JoinedField = 'family' | 'fragment' | 'protocol' | 'icmpType' | 'icmpCode';
/** `base`: family, fragment and protocol; `icmp`: type and code; `sets`: which large sets hold the addresses. */
export type DimensionName = Exclude<FieldName, JoinedField> | 'base' | 'icmp' | 'sets';

/** A match whose large sets are bits (large-sets.ts). */
export interface SetMatch extends Match {
  /** The values of the dimension `sets` (bit masks) that the match allows. */
  sets?: Range[];
}

/** The kind of a packet decides which dimensions it has. Every packet that is not malformed is of exactly one kind. */
export interface PacketKind {
  family: 4 | 6 | 'none';
  /** Absent where no transport header is parsed. */
  transport?: Transport;
  etherTypes: IntervalSet;
  base: IntervalSet;
  /** Bytes of the shortest IP packet that is not malformed. */
  shortest: number;
}

interface AnyDimension {
  /** Do packets of this kind have a value? */
  isIn: (kind: PacketKind) => boolean;
  /** All values of packets of a kind. */
  full: (kind: PacketKind) => Side;
  /** The side of a match's box: the values that it allows; `undefined` when it does not restrict this dimension. */
  side: (match: SetMatch, kind: PacketKind) => Side | undefined;
  /** A value of the side, a natural one if there is one, as a packet with it is described. `asked`: the side is not all. */
  witness: (side: Side, kind: PacketKind, asked: boolean) => PacketDescription;
}

/** A dimension whose values are numbers. The datapath looks them up in one row or, when there are many, by two bytes. */
export interface NumberDimension extends AnyDimension {
  lookup: 'number';
  /** Values are below this, at most 65,536. */
  values: number;
  /** Every packet has a value: the table has no entry for "absent". */
  isAlwaysThere?: true;
  /** The values that a match allows, which may overlap. `undefined`: it does not ask, and only then does a packet without the field agree. */
  ranges: (match: SetMatch) => Range[] | undefined;
}

/** A dimension whose values are addresses: the datapath looks them up by prefixes. */
export interface AddressDimension extends AnyDimension {
  lookup: 'address';
  /** Size of the key in 32-bit words. A MAC address is the first six bytes of a four-word key, and is looked up like IPv4. */
  width: (family: 4 | 6) => Width;
  /** The addresses that a match allows, by family, in the words of AddressRanges. */
  addresses: (match: Match) => Record<4 | 6, Uint32Array> | undefined;
}

export type Dimension = NumberDimension | AddressDimension;
