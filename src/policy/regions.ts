// Sets of packets, exactly. Every packet is of one kind (IPv4 TCP, IPv6 later fragment, not IP, ...), and a kind says
// which fields there are; within it a region is a box whose sides are sets of values. A match is at most one box a
// kind, and a box less a box is a few boxes. Malformed frames are outside of all this.
import type { Cidr, Match } from '../model/policy.js';
import { FAMILIES, FRAGMENTS, DOMAIN, isPrefixField, prefixesOf, rangesOf, type Field } from './fields.js';
import { intersectSets, subtractSets, union, type Interval, type IntervalSet } from './intervals.js';

const LINK: Field[] = ['vlan', 'sourceMac', 'destinationMac'];
const IP: Field[] = ['base', 'source', 'destination', 'length', 'ttl', 'dscp', ...LINK];
const PORTS: Field[] = ['sourcePort', 'destinationPort'];
/** Never the last protocol of an IPv6 packet that is no later fragment: the walk goes on behind them. */
const IPV6_EXTENSIONS = [0, 43, 44, 51, 60];

export interface Kind {
  name: string;
  family: 4 | 6 | 'none';
  etherTypes: IntervalSet;
  fields: Field[];
  base: IntervalSet;
  /** Bytes of the shortest IP packet that is not malformed. */
  shortest: number;
}

/** Sides by field; a field of the kind that has no side is unrestricted. */
export interface Box {
  kind: Kind;
  sides: Map<Field, IntervalSet>;
}

function baseSet(family: 4 | 6, fragments: readonly number[], protocols: IntervalSet): IntervalSet {
  return union(
    fragments.flatMap((fragment) =>
      protocols.map(([from, to]): Interval => {
        const above = (FAMILIES.indexOf(family) * FRAGMENTS.length + fragment) << 8;
        return [above + Number(from), above + Number(to)];
      }),
    ),
  );
}

function kindsOf(family: 4 | 6): Kind[] {
  const etherType = family === 4 ? 0x0800 : 0x86dd;
  const icmp = family === 4 ? 1 : 58;
  const extensions = family === 4 ? [] : IPV6_EXTENSIONS;
  const taken = [icmp, 6, 17, 132, ...extensions].map((one): Interval => [one, one]);
  const header = family === 4 ? 20 : 40;
  const kind = (
    name: string,
    fragments: number[],
    protocols: IntervalSet,
    transport: number,
    fields: Field[],
  ): Kind => ({
    shortest: header + transport,
    name: `IPv${family} ${name}`,
    family,
    etherTypes: [[etherType, etherType]],
    fields: [...IP, ...fields],
    base: baseSet(family, fragments, protocols),
  });
  const whole = [FRAGMENTS.indexOf('none'), FRAGMENTS.indexOf('first')];
  return [
    kind('TCP', whole, [[6, 6]], 20, [...PORTS, 'tcpFlags']),
    kind('UDP', whole, [[17, 17]], 8, PORTS),
    kind('SCTP', whole, [[132, 132]], 12, PORTS),
    kind('ICMP', whole, [[icmp, icmp]], 8, ['icmp']),
    kind('other protocol', whole, subtractSets([[0, 255]], union(taken)), 0, []),
    kind('later fragment', [FRAGMENTS.indexOf('later')], [[0, 255]], family === 4 ? 0 : 8, []),
  ];
}

/** Every packet that is not malformed is of exactly one. */
export const KINDS: readonly Kind[] = [
  ...kindsOf(4),
  ...kindsOf(6),
  {
    name: 'not IP',
    family: 'none',
    etherTypes: subtractSets(
      [[0, 65535]],
      [
        [0x0800, 0x0800],
        [0x8100, 0x8100],
        [0x86dd, 0x86dd],
        [0x88a8, 0x88a8],
      ],
    ),
    fields: [...LINK, 'etherType'],
    base: [[0, 0]],
    shortest: 0,
  },
];

/** All values of a field in a kind. */
export function fullSide(kind: Kind, field: Field): IntervalSet {
  if (field === 'base') return kind.base;
  if (field === 'etherType') return kind.etherTypes;
  if (field === 'sourceMac' || field === 'destinationMac') return [[0, 2 ** 48 - 1]];
  if (field === 'length') return [[kind.shortest, DOMAIN.length - 1]];
  if (isPrefixField(field)) return kind.family === 6 ? [[0n, (1n << 128n) - 1n]] : [[0, 2 ** 32 - 1]];
  return [[0, DOMAIN[field] - 1]];
}

/** Addresses of a network, first and last. */
function cidrInterval(cidr: Cidr): Interval {
  if (cidr.family === 4) return [cidr.a, cidr.a + 2 ** (32 - cidr.length) - 1];
  const from = (BigInt(cidr.a) << 96n) | (BigInt(cidr.b) << 64n) | (BigInt(cidr.c) << 32n) | BigInt(cidr.d);
  return [from, from + (1n << BigInt(128 - cidr.length)) - 1n];
}

/** What a match allows of a field in a kind; `undefined` when it does not ask. */
function sideOf(match: Match, field: Field, kind: Kind): IntervalSet | undefined {
  if (field === 'sourceMac' || field === 'destinationMac') {
    return match[field] && union(match[field].map((mac): Interval => [mac, mac]));
  }
  if (isPrefixField(field)) {
    const cidrs = prefixesOf(match, field)?.filter((cidr) => cidr.family === kind.family);
    return cidrs && union(cidrs.map(cidrInterval));
  }
  const ranges = rangesOf(match, field);
  return ranges && union(ranges.map(({ from, to }): Interval => [from, to]));
}

const ALL_FIELDS: Field[] = [...IP, ...PORTS, 'tcpFlags', 'icmp', 'etherType'];

/** The packets of one kind that agree with a match; `undefined` when there are none. */
export function boxOf(match: Match, kind: Kind): Box | undefined {
  const sides = new Map<Field, IntervalSet>();
  for (const field of ALL_FIELDS) {
    const side = sideOf(match, field, kind);
    if (!side) continue;
    const full = field === 'etherType' ? kind.etherTypes : fullSide(kind, field);
    const within = intersectSets(side, full);
    if (within.length === 0) return undefined;
    if (kind.fields.includes(field)) sides.set(field, within);
    else if (field !== 'etherType') return undefined; // asks for a field that such packets do not have
  }
  return { kind, sides };
}

/** The packets that agree with a match: at most one box a kind. */
export function boxesOf(match: Match): Box[] {
  return KINDS.flatMap((kind) => boxOf(match, kind) ?? []);
}

/** `undefined` when they have no packet in common. */
export function intersectBoxes(x: Box, y: Box): Box | undefined {
  if (x.kind !== y.kind) return undefined;
  const common: [Field, IntervalSet][] = [];
  for (const [field, side] of y.sides) {
    const mine = x.sides.get(field);
    const both = mine ? intersectSets(mine, side) : side;
    if (both.length === 0) return undefined; // the usual end: nothing is copied before
    common.push([field, both]);
  }
  return { kind: x.kind, sides: new Map([...x.sides, ...common]) };
}

/** Disjoint boxes that hold the packets of `x` that are not in `y`. */
function subtractBox(x: Box, y: Box): Box[] {
  if (!intersectBoxes(x, y)) return [x];
  const rest: Box[] = [];
  const sides = new Map(x.sides);
  for (const [field, side] of y.sides) {
    const mine = sides.get(field) ?? fullSide(x.kind, field);
    const outside = subtractSets(mine, side);
    if (outside.length > 0) rest.push({ kind: x.kind, sides: new Map(sides).set(field, outside) });
    sides.set(field, intersectSets(mine, side));
  }
  return rest;
}

/** Boxes less boxes; `undefined` when more than `budget` pieces would be left. */
export function subtractAll(from: Box[], taken: Box[], budget: number): Box[] | undefined {
  let rest = from;
  for (const box of taken) {
    rest = rest.flatMap((piece) => subtractBox(piece, box));
    if (rest.length > budget) return undefined;
  }
  return rest;
}
