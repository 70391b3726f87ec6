// One packet that a match is about: what protected flows are proven with. Takes the first value of every field.
import type { AddressSet, Cidr, Match, PacketDescription, Range } from '../model/policy.js';

/** `undefined` when some field has no value at all, so that no packet can match. */
export function samplePacket(match: Match): PacketDescription | undefined {
  const sets = [match.source, match.destination].filter((set) => set !== undefined);
  const family = match.family?.[0] ?? sets[0]?.cidrs[0]?.family ?? (isIcmp6(match.protocol) ? 6 : 4);
  const source = address(match.source, family);
  const destination = address(match.destination, family);
  if ((match.source && !source) || (match.destination && !destination)) return undefined;
  const [vlan] = match.vlan ?? [];
  return compact({
    family,
    source,
    destination,
    protocol: first(match.protocol),
    sourcePort: first(match.sourcePort),
    destinationPort: first(match.destinationPort),
    icmpType: first(match.icmpType),
    icmpCode: first(match.icmpCode),
    length: first(match.length),
    ttl: first(match.ttl),
    dscp: first(match.dscp),
    etherType: first(match.etherType),
    tcpFlags: match.tcpFlags?.[0]?.value,
    fragment: match.fragment?.[0],
    vlan: typeof vlan === 'number' ? [vlan] : undefined,
    sourceMac: match.sourceMac?.[0],
    destinationMac: match.destinationMac?.[0],
  });
}

const ICMPV6 = 58;

function isIcmp6(protocol: Range[] | undefined): boolean {
  return protocol?.[0]?.from === ICMPV6;
}

function first(ranges: Range[] | undefined): number | undefined {
  return ranges?.[0]?.from;
}

/** The first address of the first network of the family. */
function address(set: AddressSet | undefined, family: 4 | 6): Cidr | undefined {
  const network = set?.cidrs.find((cidr) => cidr.family === family);
  return network && { ...network, length: family === 4 ? 32 : 128 };
}

type Possibly<T> = { [K in keyof T]: T[K] | undefined };

function compact(packet: Possibly<PacketDescription>): PacketDescription {
  return Object.fromEntries(Object.entries(packet).filter(([, value]) => value !== undefined));
}
