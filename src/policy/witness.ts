// A packet out of a region: the proof, to be built, sent and shown, that the region is not empty.
import type { Cidr, PacketDescription } from '../model/policy.js';
import { FRAGMENTS, VLAN_NONE, type Field } from './fields.js';
import type { Value } from './intervals.js';
import { fullSide, type Box } from './regions.js';

/** Values that look natural, where the region allows them. */
const PREFERRED: Partial<Record<Field, number[]>> = {
  ttl: [64, 255],
  length: [60, 84, 100],
  vlan: [VLAN_NONE],
  dscp: [0],
  tcpFlags: [2, 16],
  sourcePort: [40000],
  destinationPort: [80, 53],
  sourceMac: [0x02_00_00_00_00_02],
  destinationMac: [0x02_00_00_00_00_01],
};

/** Shortest IP packet of each kind that its transport fits in; a region of shorter ones has malformed packets only. */
export function witnessOf(box: Box): PacketDescription {
  const { kind } = box;
  const value = (field: Field): Value => {
    const side = box.sides.get(field) ?? fullSide(kind, field);
    const natural = PREFERRED[field]?.find((one) => side.some(([from, to]) => from <= one && one <= to));
    return natural ?? side[0]?.[0] ?? 0;
  };
  const number = (field: Field): number => Number(value(field));
  const has = (field: Field): boolean => kind.fields.includes(field);
  const vlan = number('vlan');
  const packet: PacketDescription = {
    ...(vlan === VLAN_NONE ? {} : { vlan: [vlan] }),
    sourceMac: number('sourceMac'),
    destinationMac: number('destinationMac'),
  };
  if (kind.family === 'none') return { ...packet, etherType: number('etherType') };
  const base = number('base');
  const fragment = FRAGMENTS[(base >>> 8) % FRAGMENTS.length] ?? 'none';
  return {
    ...packet,
    family: kind.family,
    protocol: base & 255,
    source: addressOf(value('source')),
    destination: addressOf(value('destination')),
    ttl: number('ttl'),
    dscp: number('dscp'),
    ...(box.sides.has('length') ? { length: number('length') } : {}),
    ...(fragment === 'none' ? {} : { fragment }),
    ...(has('sourcePort')
      ? { sourcePort: number('sourcePort'), destinationPort: number('destinationPort') }
      : {}),
    ...(has('tcpFlags') ? { tcpFlags: number('tcpFlags') } : {}),
    ...(has('icmp') ? { icmpType: number('icmp') >>> 8, icmpCode: number('icmp') & 255 } : {}),
  };
}

function addressOf(value: Value): Cidr {
  if (typeof value === 'number') return { family: 4, a: value, b: 0, c: 0, d: 0, length: 32 };
  const word = (shift: bigint): number => Number((value >> shift) & 0xffffffffn);
  return { family: 6, a: word(96n), b: word(64n), c: word(32n), d: word(0n), length: 128 };
}
