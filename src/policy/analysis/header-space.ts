// Exact header-space analysis. Every packet is of one kind (IPv4 TCP, IPv6 later fragment, not IP, ...), which fixes its
// fields. A region is a set of boxes within a kind, and each side of a box is a set of values. A match is at most one box
// per kind; the difference of two boxes is a few boxes. Malformed frames are outside of this space.
import type { FragmentKind, Match } from '../../model/policy.js';
import { NO_WORDS, widthOf } from '../../addresses/ranges.js';
import { addressesOf, baseKey, DOMAIN, isPrefixField, rangesOf, VLAN_NONE, type Field } from '../fields.js';
import { subtractSets, union, type Interval, type IntervalSet } from './intervals.js';
import { ALL_ADDRESSES, intersectSides, isEmpty, numbersOf, type Side, subtractSides } from './box-sides.js';

const LINK: Field[] = ['vlan', 'sourceMac', 'destinationMac'];
const IP: Field[] = ['base', 'source', 'destination', 'length', 'ttl', 'dscp', ...LINK];
const PORTS: Field[] = ['sourcePort', 'destinationPort'];
/** Never the last protocol of an IPv6 packet that is no later fragment: the walk goes on behind them. */
const IPV6_EXTENSIONS = [0, 43, 44, 51, 60];
/** 802.1Q and 802.1ad. */
const VLAN_TYPES: IntervalSet = [
  [0x8100, 0x8100],
  [0x88a8, 0x88a8],
];
/** Bytes of the IPv6 fragment header (RFC 8200, 4.5). */
const FRAGMENT_HEADER = 8;

export interface Kind {
  name: string;
  family: 4 | 6 | 'none';
  etherTypes: IntervalSet;
  fields: Field[];
  base: IntervalSet;
  /** Bytes of the shortest IP packet that is not malformed, */
  shortest: number;
  /** and of IPv6 the lowest `base` of first fragments, which have one header more. */
  firstFrom?: number;
  /** Two tags are looked through: the third one's type is the EtherType. */
  tagged?: true;
}

/** Sides by field; a field of the kind that has no side is unrestricted. */
export interface Box {
  kind: Kind;
  sides: Map<Field, Side>;
}

function baseSet(family: 4 | 6, fragments: readonly FragmentKind[], protocols: IntervalSet): IntervalSet {
  return union(
    fragments.flatMap((fragment) =>
      protocols.map(([from, to]): Interval => [
        baseKey(family, fragment, from),
        baseKey(family, fragment, to),
      ]),
    ),
  );
}

function kindsOf(family: 4 | 6): Kind[] {
  const etherType = family === 4 ? 0x0800 : 0x86dd;
  const icmp = family === 4 ? 1 : 58;
  const extensions = family === 4 ? [] : IPV6_EXTENSIONS;
  const taken = [icmp, 6, 17, 132, ...extensions].map((one): Interval => [one, one]);
  const header = family === 4 ? 20 : 40;
  const whole: FragmentKind[] = ['none', 'first'];
  const kind = (
    name: string,
    fragments: FragmentKind[],
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
    ...(family === 6 && fragments === whole && { firstFrom: baseKey(6, 'first', 0) }),
  });
  return [
    kind('TCP', whole, [[6, 6]], 20, [...PORTS, 'tcpFlags']),
    kind('UDP', whole, [[17, 17]], 8, PORTS),
    kind('SCTP', whole, [[132, 132]], 12, PORTS),
    kind('ICMP', whole, [[icmp, icmp]], 8, ['icmp']),
    kind('other protocol', whole, subtractSets([[0, 255]], union(taken)), 0, []),
    kind('later fragment', ['later'], [[0, 255]], family === 4 ? 0 : FRAGMENT_HEADER, []),
  ];
}

/** Every packet that is not malformed is of exactly one. */
export const KINDS: readonly Kind[] = [
  ...kindsOf(4),
  ...kindsOf(6),
  {
    name: 'not IP',
    family: 'none',
    etherTypes: subtractSets([[0, 65535]], union([[0x0800, 0x0800], [0x86dd, 0x86dd], ...VLAN_TYPES])),
    fields: [...LINK, 'etherType'],
    base: [[0, 0]],
    shortest: 0,
  },
  {
    name: 'three VLAN tags',
    family: 'none',
    etherTypes: VLAN_TYPES,
    fields: [...LINK, 'etherType'],
    base: [[0, 0]],
    shortest: 0,
    tagged: true,
  },
];

/** All values of a field in a kind. */
export function fullSide(kind: Kind, field: Field): Side {
  if (field === 'base') return kind.base;
  if (field === 'etherType') return kind.etherTypes;
  if (field === 'sourceMac' || field === 'destinationMac') return [[0, 2 ** 48 - 1]];
  if (field === 'length') return [[kind.shortest, DOMAIN.length - 1]];
  if (isPrefixField(field)) return ALL_ADDRESSES[kind.family === 6 ? 4 : 1];
  if (field === 'vlan' && kind.tagged) return [[0, VLAN_NONE - 1]];
  return [[0, DOMAIN[field] - 1]];
}

/** What a match allows of a field in a kind; `undefined` when it does not ask. */
function sideOf(match: Match, field: Field, kind: Kind): Side | undefined {
  if (field === 'sourceMac' || field === 'destinationMac') {
    return match[field] && union(match[field].map((mac): Interval => [mac, mac]));
  }
  if (isPrefixField(field)) {
    const { family } = kind;
    const addresses = addressesOf(match, field);
    if (!addresses) return undefined;
    return family === 'none'
      ? { width: 1, words: NO_WORDS }
      : { width: widthOf(family), words: addresses[family] };
  }
  const ranges = rangesOf(match, field);
  return ranges && union(ranges.map(({ from, to }): Interval => [from, to]));
}

const ALL_FIELDS: Field[] = [...IP, ...PORTS, 'tcpFlags', 'icmp', 'etherType'];

/** The packets of one kind that agree with a match; `undefined` when there are none. */
export function boxOf(match: Match, kind: Kind): Box | undefined {
  const sides = new Map<Field, Side>();
  for (const field of ALL_FIELDS) {
    const side = sideOf(match, field, kind);
    if (!side) continue;
    const full = field === 'etherType' ? kind.etherTypes : fullSide(kind, field);
    const within = intersectSides(side, full);
    if (isEmpty(within)) return undefined;
    if (kind.fields.includes(field)) sides.set(field, within);
    else if (field !== 'etherType') return undefined; // asks for a field that such packets do not have
  }
  return withRoom({ kind, sides });
}

/** Of first fragments alone the lengths that hold their headers; `undefined` when there are none. */
function withRoom(box: Box): Box | undefined {
  const { kind, sides } = box;
  const [base, length] = [sides.get('base'), sides.get('length')];
  if (kind.firstFrom === undefined || !base || !length) return box;
  if ((numbersOf(base)[0]?.[0] ?? 0) < kind.firstFrom) return box;
  const fitting = intersectSides(length, [[kind.shortest + FRAGMENT_HEADER, DOMAIN.length - 1]]);
  return isEmpty(fitting) ? undefined : { kind, sides: new Map(sides).set('length', fitting) };
}

/** The packets that agree with a match: at most one box a kind. */
export function boxesOf(match: Match): Box[] {
  return KINDS.flatMap((kind) => boxOf(match, kind) ?? []);
}

/** `undefined` when they have no packet in common. */
export function intersectBoxes(x: Box, y: Box): Box | undefined {
  if (x.kind !== y.kind) return undefined;
  const common: [Field, Side][] = [];
  for (const [field, side] of y.sides) {
    const mine = x.sides.get(field);
    const both = mine ? intersectSides(mine, side) : side;
    if (isEmpty(both)) return undefined; // the usual end: nothing is copied before
    common.push([field, both]);
  }
  return withRoom({ kind: x.kind, sides: new Map([...x.sides, ...common]) });
}

/** Disjoint boxes that hold the packets of `x` that are not in `y`. */
function subtractBox(x: Box, y: Box): Box[] {
  return intersectBoxes(x, y) ? splitBox(x, y) : [x];
}

/** The same, of one kind: also of boxes that have nothing in common, in more pieces than are needed then. */
export function splitBox(x: Box, y: Box): Box[] {
  const rest: Box[] = [];
  const sides = new Map(x.sides);
  let left = y.sides.size;
  for (const [field, side] of y.sides) {
    const mine = sides.get(field) ?? fullSide(x.kind, field);
    const outside = subtractSides(mine, side);
    const box = isEmpty(outside)
      ? undefined
      : withRoom({ kind: x.kind, sides: new Map(sides).set(field, outside) });
    if (box) rest.push(box);
    if (--left > 0) sides.set(field, intersectSides(mine, side));
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
