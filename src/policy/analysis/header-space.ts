// Exact header-space analysis. Every packet is of one kind (IPv4 TCP, IPv6 later fragment, not IP, ...), which fixes its
// dimensions. A region is a set of boxes within a kind, and each side of a box is a set of values. A match is at most one box
// per kind; the difference of two boxes is a few boxes. Malformed frames are outside of this space.
import type { FragmentKind, Match } from '../../model/policy.js';
import { baseKey } from '../fields/base.js';
import type { Dimension, DimensionName, PacketKind } from '../fields/dimension.js';
import type { Transport } from '../fields/layers.js';
import { plainOf } from '../fields/plain-match.js';
import { DIMENSION_NAMES, DIMENSIONS } from '../fields/registry.js';
import { EXTENSION_PROTOCOLS, VLAN_TYPES } from '../packet/parse.js';
import { subtractSets, union, type Interval, type IntervalSet } from './intervals.js';
import { intersectSides, isEmpty, numbersOf, type Side, subtractSides } from './box-sides.js';

/** Bytes of the IPv6 fragment header (RFC 8200, 4.5). */
const FRAGMENT_HEADER_BYTES = 8;

export interface Kind extends PacketKind {
  name: string;
  /** What its packets have. */
  dimensions: ReadonlyMap<DimensionName, Dimension>;
  /** IPv6: the lowest `base` of first fragments, which have a fragment header as well. */
  firstFrom?: number;
}

function makeKind(kind: Omit<Kind, 'dimensions'>): Kind {
  const names = DIMENSION_NAMES.filter((name) => DIMENSIONS[name].isIn(kind));
  return { ...kind, dimensions: new Map(names.map((name) => [name, DIMENSIONS[name]])) };
}

/** Sides by dimension. A dimension of the kind without a side is unrestricted. */
export interface Box {
  kind: Kind;
  sides: Map<DimensionName, Side>;
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
  const extensions = family === 4 ? [] : EXTENSION_PROTOCOLS; // never the last protocol: the parser walks on past them
  const taken = [icmp, 6, 17, 132, ...extensions].map((one): Interval => [one, one]);
  const header = family === 4 ? 20 : 40;
  const whole: FragmentKind[] = ['none', 'first'];
  const kind = (
    name: string,
    fragments: FragmentKind[],
    protocols: IntervalSet,
    bytes: number,
    transport?: Transport,
  ): Kind =>
    makeKind({
      name: `IPv${family} ${name}`,
      family,
      ...(transport && { transport }),
      etherTypes: [[etherType, etherType]],
      base: baseSet(family, fragments, protocols),
      shortest: header + bytes,
      ...(family === 6 && fragments === whole && { firstFrom: baseKey(6, 'first', 0) }),
    });
  return [
    kind('TCP', whole, [[6, 6]], 20, 'tcp'),
    kind('UDP', whole, [[17, 17]], 8, 'udp'),
    kind('SCTP', whole, [[132, 132]], 12, 'sctp'),
    kind('ICMP', whole, [[icmp, icmp]], 8, 'icmp'),
    kind('other protocol', whole, subtractSets([[0, 255]], union(taken)), 0),
    kind('later fragment', ['later'], [[0, 255]], family === 4 ? 0 : FRAGMENT_HEADER_BYTES),
  ];
}

/** Every well-formed packet is of exactly one kind. */
export const KINDS: readonly Kind[] = [
  ...kindsOf(4),
  ...kindsOf(6),
  makeKind({
    name: 'not IP',
    family: 'none',
    etherTypes: subtractSets(
      [[0, 65535]],
      union([0x0800, 0x86dd, ...VLAN_TYPES].map((type): Interval => [type, type])),
    ),
    base: [[0, 0]],
    shortest: 0,
  }),
];

/** All values of a dimension in a kind. */
function fullSide(kind: Kind, name: DimensionName): Side {
  return DIMENSIONS[name].full(kind);
}

/** The packets of one kind that agree with a match; `undefined` when there are none. */
export function boxOf(match: Match, kind: Kind): Box | undefined {
  const plain = plainOf(match);
  const sides = new Map<DimensionName, Side>();
  for (const name of DIMENSION_NAMES) {
    const side = DIMENSIONS[name].side(plain, kind);
    if (!side) continue;
    if (!kind.dimensions.has(name)) return undefined; // asks for what such packets do not have
    const within = intersectSides(side, fullSide(kind, name));
    if (isEmpty(within)) return undefined;
    sides.set(name, within);
  }
  return withRoom({ kind, sides });
}

/** For first fragments only: the lengths that hold all headers; `undefined` when there are none. */
function withRoom(box: Box): Box | undefined {
  const { kind, sides } = box;
  const [base, length] = [sides.get('base'), sides.get('length')];
  if (kind.firstFrom === undefined || !base || !length) return box;
  if ((numbersOf(base)[0]?.[0] ?? 0) < kind.firstFrom) return box;
  const fitting = intersectSides(length, [[kind.shortest + FRAGMENT_HEADER_BYTES, 65535]]);
  return isEmpty(fitting) ? undefined : { kind, sides: new Map(sides).set('length', fitting) };
}

/** The packets that agree with a match: at most one box a kind. */
export function boxesOf(match: Match): Box[] {
  return KINDS.flatMap((kind) => boxOf(match, kind) ?? []);
}

/** `undefined` when they have no packet in common. */
export function intersectBoxes(x: Box, y: Box): Box | undefined {
  if (x.kind !== y.kind) return undefined;
  const common: [DimensionName, Side][] = [];
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

/** The same within one kind. Disjoint boxes are allowed, but give more pieces than needed. */
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
