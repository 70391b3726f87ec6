// What the datapath looks up at once: one field of a match, or a few that are joined into one number. To a classifier rules are
// boxes in a space of many dimensions, and this is one of them: which values there are, which of them a match allows,
// and which packets have one at all.
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
  /** Masks of the sets that must hold the packet's addresses. */
  sets?: Range[];
}

/** Every packet that is not malformed is of exactly one kind, and a kind says which dimensions its packets have. */
export interface PacketKind {
  family: 4 | 6 | 'none';
  /** Absent where there is no transport header that is looked into. */
  transport?: Transport;
  etherTypes: IntervalSet;
  base: IntervalSet;
  /** Bytes of the shortest IP packet that is not malformed. */
  shortest: number;
}

interface AnyDimension {
  /** Do packets of this kind have it? */
  isIn: (kind: PacketKind) => boolean;
  /** All values in a kind that has it. */
  full: (kind: PacketKind) => Side;
  /** What a match allows of it; `undefined` when it does not ask. */
  side: (match: SetMatch, kind: PacketKind) => Side | undefined;
  /** A value of the side, a natural one if there is one, as a packet with it is described. `asked`: the side is not all. */
  witness: (side: Side, kind: PacketKind, asked: boolean) => PacketDescription;
}

/** Looked up by number: in one row or, with many values, by two bytes. */
export interface NumberDimension extends AnyDimension {
  lookup: 'number';
  /** Values are below this, at most 65,536. */
  values: number;
  /** Every packet has it: there is no entry for those without. */
  isAlwaysThere?: true;
  /** The values that a match allows, which may overlap. `undefined`: it does not ask, and only then does a packet without the field agree. */
  ranges: (match: SetMatch) => Range[] | undefined;
}

/** Looked up by address, bit by bit. */
export interface AddressDimension extends AnyDimension {
  lookup: 'address';
  /** Of the key, in 32-bit words. A MAC address is the first six bytes of four, and counts as IPv4. */
  width: (family: 4 | 6) => Width;
  /** The addresses that a match allows, by family, in the words of AddressRanges. */
  addresses: (match: Match) => Record<4 | 6, Uint32Array> | undefined;
}

export type Dimension = NumberDimension | AddressDimension;
