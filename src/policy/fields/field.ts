// All that one field of a match is. A file of this folder makes one of these, registry.ts collects them, and every list of fields
// anywhere else is made of that: schemas, checks, the reference, the compiler, regions, the builder of packets, reports.
import type { Cidr } from '../../addresses/cidr.js';
import type { FieldName, Match, PacketDescription, Range, TcpFlags } from '../../model/policy.js';
import type { Problem } from '../../text/wording.js';
import type { PacketHeaders } from '../../model/sample.js';
import type { Dimension } from './dimension.js';
import type { Layers } from './layers.js';
import type { NotationOf } from './notation.js';

/** The number is known once the protocol is. */
export interface IcmpName {
  icmpName: string;
}

/** An address, a network, or the name of a list. */
export type WrittenAddress = Cidr | { list: string };

type Described = { [N in FieldName]-?: NonNullable<PacketDescription[N]> };

/** What a packet has, as it was read: numbers in host order. */
export interface PacketValues extends Omit<Described, 'source' | 'destination' | 'vlan'> {
  /** Four or sixteen bytes. */
  source: Uint8Array;
  destination: Uint8Array;
  vlan: number | 'none';
}
/** A field that is absent is one that the packet does not have. */
export type PacketFields = Partial<PacketValues>;

type ItemsOf = { [N in FieldName]-?: NonNullable<Match[N]> extends (infer T)[] ? T : never };

/** One value of a field as a match says it, before lists and ICMP names are resolved. */
interface WrittenItems extends Omit<ItemsOf, 'source' | 'destination' | 'icmpType'> {
  source: WrittenAddress;
  destination: WrittenAddress;
  icmpType: Range | IcmpName;
}
export type WrittenMatch = { [N in FieldName]?: WrittenItems[N][] };

/** The same of the packet of a test. */
interface WrittenValues extends Omit<Described, 'icmpType' | 'tcpFlags'> {
  icmpType: Range | IcmpName;
  tcpFlags: TcpFlags;
}
export type WrittenPacketFields = Partial<WrittenValues>;

/** What a match says wrong about a field, together with others. */
export interface FieldProblem extends Problem {
  /** Those that it takes to say so; the first is shown. */
  fields: FieldName[];
}

/** Only packets of these protocols have the field. */
export interface Needs {
  protocols: readonly number[];
  /** A match has to name them; else it may leave `protocol` out. */
  mustBeNamed: boolean;
  /** `hasProtocol`: the match has other protocols, and not none. */
  problem: (hasProtocol: boolean) => Problem;
}

/** Of a packet that is built: decided by how its headers are laid out (src/policy/packet/build-packet.ts), and not by a few bytes. */
export const BY_LAYOUT = 'by layout';

export interface Field<N extends FieldName> {
  /** Which frames have it: all, those that are IP, some of these. */
  layer: 'link' | 'ip' | 'transport';
  /** One value in a match, where several may be a list, */
  inMatch: NotationOf<WrittenItems[N]>;
  /** and in the packet of a test. */
  inPacket: NotationOf<WrittenValues[N]>;
  /** For the JSON schemas: what cannot be told from the notation. */
  help: { match?: string; packet?: string };
  needs?: Needs;
  /** What else is wrong with a match that has the field. */
  problems?: (match: WrittenMatch) => Iterable<FieldProblem>;
  /** How the datapath finds it. */
  dimension: Dimension;
  /** The value in a packet; `undefined` when the packet has none. */
  read: (layers: Layers) => PacketValues[N] | undefined;
  /** Is the value one of those that a match asks for? */
  agrees: (asked: NonNullable<Match[N]>, value: PacketValues[N]) => boolean;
  /** Writes the value into a new packet whose headers are laid out; without one, a harmless default. */
  put: typeof BY_LAYOUT | ((layers: Layers, value: PacketDescription[N]) => void);
  /** The value that was read, as a description of the packet has it; `undefined`: not worth a word. */
  describe: (value: PacketValues[N]) => PacketDescription[N];
  /** Words in the line that describes a packet; none where the beginning of the line says it, or nobody asks. */
  words: (value: NonNullable<PacketDescription[N]>, packet: PacketDescription) => string[];
  /** In the JSON of a packet that was seen. */
  report: (value: PacketValues[N]) => (N extends keyof PacketHeaders ? PacketHeaders[N] : never) | undefined;
  /** Values at the edges of things, which tests draw from. */
  samples: readonly NonNullable<PacketDescription[N]>[];
}

export type Fields = { [N in FieldName]: Field<N> };

/** For fields that are not worth a word. */
export function nothing(): undefined {
  return undefined;
}

/** For fields that the beginning of a line says, or nobody asks about. */
export function noWords(): string[] {
  return [];
}
