// The interface of a field of a match. Each file of this folder implements one field and registry.ts collects them. Everything else is
// derived from it: schemas, checks, the reference, the compiler, boxes of the header space, the builder of packets, reports.
import type { Cidr } from '../../addresses/cidr.js';
import type { FieldName, Match, PacketDescription, Range, TcpFlags } from '../../model/policy.js';
import type { Problem } from '../../text/wording.js';
import type { PacketHeaders } from '../../model/sample.js';
import type { Dimension } from './dimension.js';
import type { Layers } from './layers.js';
import type { NotationOf } from './notation.js';

/** The name of an ICMP type. Its number depends on the protocol. */
export interface IcmpName {
  icmpName: string;
}

/** An address, a network, or the name of a list. */
export type WrittenAddress = Cidr | { list: string };

type Described = { [N in FieldName]-?: NonNullable<PacketDescription[N]> };

/** The fields of a parsed packet; numbers in host order. */
export interface PacketValues extends Omit<Described, 'source' | 'destination' | 'vlan'> {
  /** Four or sixteen bytes. */
  source: Uint8Array;
  destination: Uint8Array;
  vlan: number | 'none';
}
/** Field -> value. A field that is absent is one that the packet does not have. */
export type PacketFields = Partial<PacketValues>;

type ItemsOf = { [N in FieldName]-?: NonNullable<Match[N]> extends (infer T)[] ? T : never };

/** One value of a field as it is written in a match, before lists and ICMP names are resolved. */
interface WrittenItems extends Omit<ItemsOf, 'source' | 'destination' | 'icmpType'> {
  source: WrittenAddress;
  destination: WrittenAddress;
  icmpType: Range | IcmpName;
}
type WrittenFields = { [N in FieldName]?: WrittenItems[N][] };
export interface WrittenMatch extends WrittenFields {
  not?: WrittenFields;
}

/** One value of a field as it is written in the packet of a test. */
interface WrittenValues extends Omit<Described, 'icmpType' | 'tcpFlags'> {
  icmpType: Range | IcmpName;
  tcpFlags: TcpFlags;
}
export type WrittenPacketFields = Partial<WrittenValues>;

/** A problem of a match that concerns several of its fields. */
export interface FieldProblem extends Problem {
  /** The fields that are involved; the diagnostic points to the first, */
  fields: (keyof WrittenMatch)[];
  /** or into it. */
  path?: PropertyKey[];
}

/** Only packets of these protocols have the field. */
export interface Needs {
  protocols: readonly number[];
  /** A match with the field must name one of these protocols; otherwise it may omit `protocol`. */
  mustBeNamed: boolean;
  /** The message. `hasProtocol`: the match names other protocols. */
  problem: (hasProtocol: boolean) => Problem;
}

/** In place of a function `put`, for fields that decide the layout of headers (src/policy/packet/build-packet.ts), and not a few bytes. */
export const BY_LAYOUT = 'by layout';

export interface Field<N extends FieldName> {
  /** The frames that have the field: all, all IP packets, or some of those. */
  layer: 'link' | 'ip' | 'transport';
  /** One value in a match, where several may be a list, */
  inMatch: NotationOf<WrittenItems[N]>;
  /** and in the packet of a test. */
  inPacket: NotationOf<WrittenValues[N]>;
  /** For the JSON schemas: what the notation does not say. */
  help: { match?: string; packet?: string };
  needs?: Needs;
  /** Further problems of a match that has the field. */
  problems?: (match: WrittenMatch) => Iterable<FieldProblem>;
  /** How the datapath looks it up. */
  dimension: Dimension;
  /** The value in a packet; `undefined` when the packet has none. */
  read: (layers: Layers) => PacketValues[N] | undefined;
  /** Is the value one of those that a match allows? */
  agrees: (asked: NonNullable<Match[N]>, value: PacketValues[N]) => boolean;
  /** Of the values that a match allows (all, where it allows any) those that do not agree with `not`. */
  except: (asked: Match[N], not: NonNullable<Match[N]>) => NonNullable<Match[N]>;
  /** Writes the value into a new packet whose headers are laid out; without a value, a default. */
  put: typeof BY_LAYOUT | ((layers: Layers, value: PacketDescription[N]) => void);
  /** The value in a description of the packet; `undefined` when the description omits it. */
  describe: (value: PacketValues[N]) => PacketDescription[N];
  /** The words in the line that describes a packet; none when the beginning of the line has it or it is omitted. */
  words: (value: NonNullable<PacketDescription[N]>, packet: PacketDescription) => string[];
  /** The value in the JSON of a packet that was seen. */
  report: (value: PacketValues[N]) => (N extends keyof PacketHeaders ? PacketHeaders[N] : never) | undefined;
  /** Values at boundaries, from which random tests draw. */
  samples: readonly NonNullable<PacketDescription[N]>[];
}

export type Fields = { [N in FieldName]: Field<N> };

/** `except` of a field whose values are a few words. */
export function exceptWords<T>(all: readonly T[]): (asked: T[] | undefined, not: T[]) => T[] {
  return (asked, not) => (asked ?? all).filter((one) => !not.includes(one));
}

/** For fields that descriptions omit. */
export function nothing(): undefined {
  return undefined;
}

/** For fields that the beginning of the line has, or that lines omit. */
export function noWords(): string[] {
  return [];
}
