// Picks one packet out of a region, as proof that the region is not empty.
import type { Cidr } from '../../addresses/cidr.js';
import type { PacketDescription } from '../../model/policy.js';
import { fragmentOf, VLAN_NONE, type Field } from '../fields.js';
import { fullSide, type Box } from './header-space.js';
import { addressesOf, numbersOf, type Side } from './box-sides.js';

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

export function witnessOf(box: Box): PacketDescription {
  const { kind } = box;
  const sideOf = (field: Field): Side => box.sides.get(field) ?? fullSide(kind, field);
  const number = (field: Field): number => {
    const side = numbersOf(sideOf(field));
    const natural = PREFERRED[field]?.find((one) => side.some(([from, to]) => from <= one && one <= to));
    return natural ?? side[0]?.[0] ?? 0;
  };
  const has = (field: Field): boolean => kind.fields.includes(field);
  const vlan = number('vlan');
  const packet: PacketDescription = {
    ...(vlan === VLAN_NONE ? {} : { vlan: kind.tagged ? [vlan, 0] : [vlan] }),
    sourceMac: number('sourceMac'),
    destinationMac: number('destinationMac'),
  };
  if (kind.family === 'none') return { ...packet, etherType: number('etherType') };
  const base = number('base');
  const fragment = fragmentOf(base);
  return {
    ...packet,
    family: kind.family,
    protocol: base & 255,
    source: addressOf(sideOf('source')),
    destination: addressOf(sideOf('destination')),
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

/** The first one. */
function addressOf(side: Side): Cidr {
  const { words, width } = addressesOf(side);
  const [a = 0, b = 0, c = 0, d = 0] = words;
  if (width === 1) return { family: 4, a, b: 0, c: 0, d: 0, length: 32 };
  return { family: 6, a, b, c, d, length: 128 };
}
