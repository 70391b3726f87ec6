// What a policy says once everything in it is resolved: names are numbers, lists are networks, instants are
// nanoseconds. Nothing here knows how it was written (YAML) or how it is decided (tables, kernel).
import type { Position } from './position.js';
import type { RuleNotes } from './rule-notes.js';
import type { Cidr } from '../addresses/cidr.js';
import type { AddressRanges } from '../addresses/ranges.js';

/**
 * The addresses of a field: networks, the content of lists, or both. As JSON it says which set it is, and not what is in
 * it unless that is little: whoever reads it back gives it its `content` again.
 */
export interface AddressSet {
  /** Names of the lists that are part of it; empty when none is. For reports. */
  lists: string[];
  /** SHA-256 (hex) of its ranges: sets with the same addresses, and no others, have the same. */
  digest: string;
  /** How many ranges it has. */
  ranges: number;
  /** The ranges of a small set, in the words of AddressRanges. */
  small?: { four: number[]; six: number[] };
  /** Loaded when it is asked for, and then remembered. Throws a JournalError when what was kept of it is lost. */
  content: () => AddressRanges;
}

/** Inclusive. */
export interface Range {
  from: number;
  to: number;
}

/** Matches when `(flags & mask) === value`; the bits of the TCP header's 14th byte: FIN 1 to CWR 128. */
export interface TcpFlags {
  mask: number;
  value: number;
}

export type FragmentKind = 'none' | 'first' | 'later';

/** What a packet is to the connections of its host, in the order of enum connection_state (bpf/connections.h), where 0 stands for "nobody has asked". */
export const CONNECTION_STATES = ['new', 'established', 'related', 'invalid'] as const;
export type ConnectionState = (typeof CONNECTION_STATES)[number];

/** The fields of a match that hold numbers: each is a list of ranges, ORed. */
interface NumericMatch {
  /** IP protocol number; behind IPv6 extension headers that of the transport. */
  protocol?: Range[];
  sourcePort?: Range[];
  destinationPort?: Range[];
  /** Of ICMP (IPv4) and ICMPv6 (IPv6). */
  icmpType?: Range[];
  icmpCode?: Range[];
  /** Bytes of the IP packet, header included, link layer excluded. */
  length?: Range[];
  /** IPv4 time to live, IPv6 hop limit. */
  ttl?: Range[];
  dscp?: Range[];
  /** Of the frame, behind VLAN tags. */
  etherType?: Range[];
}

/** A service: packets of a protocol to these ports. */
export interface ServicePorts {
  protocol: number; // TCP, UDP or SCTP
  ports: Range[];
}

/** What is asked of each field. */
interface FieldValues extends NumericMatch {
  family?: (4 | 6)[];
  source?: AddressSet;
  destination?: AddressSet;
  tcpFlags?: TcpFlags[];
  fragment?: FragmentKind[];
  /** VLAN id of the outer tag. */
  vlan?: (number | 'none')[];
  /** 48-bit addresses as numbers, first byte most significant. */
  sourceMac?: (number | Range)[];
  destinationMac?: (number | Range)[];
  /** Of packets of the connections of this host; in no entry of `protect`. */
  connection?: ConnectionState[];
}

/** Fields are ANDed, an absent one matches everything, an empty list nothing. */
interface MatchFields extends FieldValues {
  /** Protocol and destination port together, each protocol once. A packet without a destination port has no service. */
  service?: ServicePorts[];
}
export interface Match extends MatchFields {
  /** The packet has each of these fields, and none of them agrees. */
  not?: MatchFields;
}

/** All that is known of one lies in src/policy/fields/. */
export type FieldName = keyof FieldValues;

type AddressField = { [N in FieldName]-?: AddressSet extends FieldValues[N] ? N : never }[FieldName];

/** The fields that hold address sets. */
export const ADDRESS_FIELDS = Object.keys({
  source: true,
  destination: true,
} satisfies Record<AddressField, true>) as AddressField[];

/** What becomes of a packet, in the kernel's words: XDP_PASS, XDP_DROP, XDP_TX, XDP_REDIRECT; `reject`: dropped, and answered where that may be. */
export type Verdict = 'pass' | 'drop' | 'tx' | 'redirect' | 'reject';

/** Ends the way of a packet through the rules. */
type FinalAction =
  | { kind: 'pass' | 'drop' | 'tx' }
  | { kind: 'redirect'; interface: string }
  | { kind: 'redirect'; cpu: number }
  /** TCP is answered with a reset, all else with an ICMP error of this code. */
  | { kind: 'reject'; icmp: RejectCode };

/** Codes of "destination unreachable", those of ICMP (RFC 792, RFC 1812) and of ICMPv6 (RFC 4443) under one name. */
export const REJECT_CODES = {
  'port-unreachable': { icmp: 3, icmpv6: 4 },
  'host-unreachable': { icmp: 1, icmpv6: 3 },
  'no-route': { icmp: 0, icmpv6: 0 },
  'admin-prohibited': { icmp: 13, icmpv6: 1 },
} as const;
export type RejectCode = keyof typeof REJECT_CODES;
export const USUAL_REJECT_CODE: RejectCode = 'port-unreachable';

/** What ends the way of a packet through a policy; `next` only where no layer is behind it, as when it is tested by itself. */
export type Ending = FinalAction | { kind: 'next' };

/**
 * `count`: the packet is counted, and logged where the rule says so, and goes on to the next rule. `next`: likewise, but with the first
 * rule of the next layer.
 */
export type Action = FinalAction | { kind: 'count' } | { kind: 'next' };

/** How fast a bucket fills, in one of these ways. The kernel keeps whole nanoseconds per packet: src/policy/rate-limit.ts. */
export type FillRate =
  | { packetsPerSecond: number }
  | { packetsPerMinute: number }
  | { packetsPerHour: number }
  /** Bytes of frames, as counters count them. */
  | { bytesPerSecond: number };

/** Bits of an address that name its bucket. */
export interface PrefixLengths {
  /** 0 to 32. */
  ipv4: number;
  /** 0 to 128. */
  ipv6: number;
}

/** A bucket of `burst` tokens that fills by time. */
export type RateLimit = FillRate & {
  /** Packets, or bytes where those fill it. 1 or more. */
  burst: number;
  /** One bucket for the rule, or one for each network of sources or destinations. */
  per: 'rule' | 'source' | 'destination';
  /** How wide such a network is; absent for each address alone, which is what earlier releases recorded. */
  prefix?: PrefixLengths;
  /** How many of them have a bucket at once; absent for the usual number, which all rules of a policy share. */
  sources?: number;
  /** The rule matches only a packet that finds a token. Absent: only one that finds none. */
  when?: 'below';
};

/** A rule with `enabled: false`: it decides nothing, and what it would match is not kept. */
export interface DisabledRule extends RuleNotes {
  name: string;
  action: Action;
  at: Position;
}

export interface Rule extends RuleNotes {
  name: string;
  match: Match;
  action: Action;
  rateLimit?: RateLimit;
  /** Every `oneIn`th matching packet, on average, becomes an event; 1 means each. */
  log?: { oneIn: number };
  /** Wall clock, ms since 1970 (UTC): a number, since policies are kept as JSON. From then on the rule matches nothing. */
  until?: number;
  at: Position;
}

/** An entry of a Host's `protect`. */
export interface Protection {
  match: Match;
  at: Position;
}

/** A packet that was there before the one that a test is about: it has left this host, or has come in. */
export type EarlierPacket = { outgoing: PacketDescription } | { incoming: PacketDescription };

export interface PacketTest {
  name: string;
  /** In this order; absent when there were none. */
  after?: EarlierPacket[];
  packet: PacketDescription;
  expect: Ending['kind'];
  /** Rule name or built-in row; absent when any will do. */
  rule?: string;
  at: Position;
}

/** The fields of a policy that decide packets without a rule. */
export const DECIDING_SETTINGS = ['default', 'fragments', 'malformed', 'nonIp', 'neighborDiscovery'] as const;
export type DecidingSetting = (typeof DECIDING_SETTINGS)[number];

/** One of the policies that an interface runs in order: what is not in the rules of the whole. */
export interface Layer extends Pick<
  Policy,
  DecidingSetting | 'name' | 'mode' | 'tests' | 'at' | 'settingsAt'
> {
  /** How many of the rules are its own: its default is one of them where it decides and another layer is behind it. */
  rules: number;
}

export interface Policy {
  name: string;
  /** `next`: to the layer behind it, where there is one. */
  default: 'pass' | 'drop' | 'next';
  rules: Rule[];
  /** Absent where there is none. */
  disabled?: DisabledRule[];
  /** In order, of a policy that is made of several; absent of others. */
  layers?: Layer[];
  /** Later fragments. */
  fragments: 'match' | 'drop' | 'pass';
  malformed: 'drop' | 'pass';
  /** `match` lets the rules and the default decide, which is the only way to reach a rule by `etherType`. */
  nonIp: 'pass' | 'drop' | 'match';
  /** ICMPv6 133 to 137. */
  neighborDiscovery: 'pass' | 'match';
  mode: 'enforce' | 'audit';
  tests: PacketTest[];
  at: Position;
  /** Where these settings are written; one that nobody wrote is not in it. Absent in what earlier releases recorded. */
  settingsAt?: Partial<Record<DecidingSetting | 'mode', Position>>;
}

export type ExtensionHeader =
  | { kind: 'hop-by-hop' | 'destination-options' | 'routing'; bytes?: number }
  | { kind: 'ah'; bytes?: number }
  | { kind: 'fragment'; offset?: number; more?: boolean };

/** A packet in words; what is absent gets a harmless value. Addresses are CIDRs of full length. */
export interface PacketDescription {
  /** Default: that of the addresses, else 4. */
  family?: 4 | 6;
  /** Default: TCP (6). */
  protocol?: number;
  source?: Cidr;
  destination?: Cidr;
  sourcePort?: number;
  destinationPort?: number;
  /** The flag byte of TCP; default SYN (2). */
  tcpFlags?: number;
  icmpType?: number;
  icmpCode?: number;
  ttl?: number;
  dscp?: number;
  /** VLAN ids from the outer tag inwards, at most two. */
  vlan?: number[];
  /** Default: that of the family. Anything else makes a frame that is not IP, with a payload of zeros. */
  etherType?: number;
  sourceMac?: number;
  destinationMac?: number;
  /** Of a fragment: names the datagram that it is of, 32 bits, in IPv4 16. Default: 1. */
  fragmentId?: number;
  /** Bytes of IPv4 options, a multiple of 4, at most 40. */
  ipv4Options?: number;
  /** IPv6 only, in this order. */
  extensions?: ExtensionHeader[];
  /** IPv4: sets offset and flag; IPv6: adds a fragment header behind the others. */
  fragment?: FragmentKind;
  /** Bytes of the IP packet; the payload is padded with zeros up to it. */
  length?: number;
  /** What it is taken for. Default: what a packet of no known connection is. */
  connection?: ConnectionState;
}

/** The built-in rows, in the order of their records (bpf/tables.h). Blocks are no part of a policy: model/blocks.ts. */
export const BUILTIN_ROWS = [
  '(protect)',
  '(malformed)',
  '(fragments)',
  '(non-ip)',
  '(default)',
  '(blocked)',
] as const;
export type BuiltinRow = (typeof BUILTIN_ROWS)[number];
/** Counts the answers to rejected packets, beside the rows that decide; where a rule rejects. */
export const ANSWERED_ROW = '(answered)';

/** Rules in one policy. */
export const MAX_RULES = 1024;
/** Policies of one interface. */
export const MAX_LAYERS = 16;
/** Those of them that count: a packet that all of them match costs one step for each. */
export const MAX_COUNTS = 128;
/** Entries of `protect` on one host. */
export const MAX_PROTECT = 256;
