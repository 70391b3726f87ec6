// The packet of a test, in words. Refused: what no frame could be made of, or what would not be in it.
import * as z from 'zod';
import { ETHER_TYPES, PORT_PROTOCOLS, PROTOCOLS } from '../../model/names.js';
import type { ExtensionHeader, PacketDescription } from '../../model/policy.js';
import { buildPacket, familyOf } from '../../policy/packet/build-packet.js';
import { checkFields, type FieldProblem } from '../yaml/check-fields.js';
import { ICMP_PROTOCOLS, icmpTypeNumber, notIcmp } from './icmp.js';
import { noPorts, notTcp } from './match-check.js';
import { icmpType } from './match-fields.js';
import { address, family, mac, mayBeAbsent, namedNumber, tcpFlags, wholeNumber } from './values.js';

const KINDS = ['hop-by-hop', 'destination-options', 'routing', 'ah', 'fragment'] as const;

const extensionFields = z.strictObject({
  kind: z.enum(KINDS),
  bytes: mayBeAbsent(wholeNumber(8, 1024)).describe('A multiple of 8, of ah 4. Not of a fragment header.'),
  offset: mayBeAbsent(wholeNumber(0, 8191)).describe('Of a fragment header, in units of 8 bytes.'),
  more: mayBeAbsent(z.boolean()).describe('Of a fragment header: more fragments follow.'),
});

function* extensionProblems({
  kind,
  bytes,
  offset,
  more,
}: Partial<z.output<typeof extensionFields>>): Generator<FieldProblem<z.output<typeof extensionFields>>> {
  if (kind === 'fragment') {
    if (bytes !== undefined)
      yield { fields: ['bytes', 'kind'], message: 'is always 8 for a fragment header' };
    return;
  }
  const [unit, least] = kind === 'ah' ? [4, 12] : [8, 8];
  if (bytes !== undefined && (bytes % unit !== 0 || bytes < least))
    yield { fields: ['bytes', 'kind'], message: `must be a multiple of ${unit}, at least ${least}` };
  const message = 'goes with kind fragment alone';
  if (offset !== undefined) yield { fields: ['offset', 'kind'], message };
  if (more !== undefined) yield { fields: ['more', 'kind'], message };
}

const extension = z.union([
  z.enum(KINDS).transform((kind): ExtensionHeader => ({ kind })),
  extensionFields
    .superRefine(...checkFields(extensionProblems))
    .transform((header) => header as ExtensionHeader),
]);

const vlanTag = wholeNumber(0, 4095);
const twoTags = 'must be one id or two';
const vlanTags = z.array(vlanTag).min(1, twoTags).max(2, twoTags);
const port = wholeNumber(0, 0xffff);

const packetFields = z.strictObject({
  family: mayBeAbsent(family).describe('Default: that of the addresses, else IPv4.'),
  protocol: mayBeAbsent(namedNumber(PROTOCOLS, 255)).describe('Default: tcp.'),
  source: mayBeAbsent(address),
  destination: mayBeAbsent(address),
  sourcePort: mayBeAbsent(port).describe('Default: 40000.'),
  destinationPort: mayBeAbsent(port).describe('Default: 80.'),
  tcpFlags: mayBeAbsent(tcpFlags).describe('The flags that are set. Default: {syn: true}.'),
  icmpType: mayBeAbsent(icmpType).describe('Default: echo-request.'),
  icmpCode: mayBeAbsent(wholeNumber(0, 255)).describe('Default: 0.'),
  ttl: mayBeAbsent(wholeNumber(0, 255)),
  dscp: mayBeAbsent(wholeNumber(0, 63)),
  vlan: mayBeAbsent(z.union([vlanTags, vlanTag.transform((id) => [id])])).describe(
    'Id of the tag, or of two tags, the outer one first.',
  ),
  etherType: mayBeAbsent(namedNumber(ETHER_TYPES, 0xffff)).describe(
    'Anything but ipv4 and ipv6 makes a frame that is not IP.',
  ),
  sourceMac: mayBeAbsent(mac),
  destinationMac: mayBeAbsent(mac),
  ipv4Options: mayBeAbsent(wholeNumber(0, 40)).describe('Bytes of IPv4 options, a multiple of 4.'),
  extensions: mayBeAbsent(z.array(extension).max(8, 'must be 8 headers at most')).describe(
    'IPv6 extension headers in this order.',
  ),
  fragment: mayBeAbsent(z.enum(['none', 'first', 'later'])),
  length: mayBeAbsent(wholeNumber(1, 0xffff)).describe('Bytes of the IP packet, filled up with zeros.'),
});

type WrittenPacket = z.output<typeof packetFields>;
type PacketProblem = FieldProblem<WrittenPacket>;

const IP_TYPES: Record<number, 4 | 6> = { [ETHER_TYPES.ipv4]: 4, [ETHER_TYPES.ipv6]: 6 };
const VLAN_TYPES = new Set([0x8100, 0x88a8]);
const THIRD_TAG = 'is that of a VLAN tag, which is looked through unless two others stand before it';
const ETHERNET_BYTES = 14;
/** What a frame that is not IP can have. */
const LINK_FIELDS = new Set(['vlan', 'etherType', 'sourceMac', 'destinationMac', 'length']);

function* packetProblems(packet: WrittenPacket): Generator<PacketProblem> {
  const { protocol = PROTOCOLS.tcp, etherType } = packet;
  if (etherType !== undefined && IP_TYPES[etherType] === undefined) {
    const lost = (Object.keys(packet) as (keyof WrittenPacket)[]).filter((field) => !LINK_FIELDS.has(field));
    const message = 'is of an IP packet, which `etherType` says that this is not';
    for (const field of lost) yield { fields: [field, 'etherType'], summary: 'contradiction', message };
    if (VLAN_TYPES.has(etherType) && packet.vlan?.length !== 2)
      yield {
        fields: ['etherType', 'vlan'],
        message: THIRD_TAG,
        hint: 'Write `vlan`, or two ids beside it.',
      };
    return;
  }
  for (const field of ['sourcePort', 'destinationPort'] as const) {
    if (packet[field] !== undefined && !PORT_PROTOCOLS.includes(protocol))
      yield { fields: [field, 'protocol'], ...noPorts(true) };
  }
  if (packet.tcpFlags && protocol !== PROTOCOLS.tcp) yield { fields: ['tcpFlags', 'protocol'], ...notTcp() };
  for (const field of ['icmpType', 'icmpCode'] as const) {
    if (packet[field] !== undefined && !ICMP_PROTOCOLS.includes(protocol))
      yield { fields: [field, 'protocol'], ...notIcmp() };
  }
  yield* icmpTypeProblems(packet, protocol);
  yield* familyProblems(packet, protocol);
  yield* lengthProblems(packet);
}

function* lengthProblems(packet: WrittenPacket): Generator<PacketProblem> {
  if (packet.length === undefined) return;
  const least = buildPacket({ ...withoutNames(packet), vlan: [], length: 0 }).length - ETHERNET_BYTES;
  if (packet.length < least)
    yield { fields: ['length'], message: `must be ${least} at least: its headers have so many bytes` };
}

function* icmpTypeProblems({ icmpType }: WrittenPacket, protocol: number): Generator<PacketProblem> {
  if (!icmpType || !ICMP_PROTOCOLS.includes(protocol)) return;
  const number = 'icmpName' in icmpType ? icmpTypeNumber(icmpType, [protocol]) : icmpType.from;
  if (typeof number !== 'number') yield { fields: ['icmpType', 'protocol'], ...number };
  else if ('to' in icmpType && icmpType.to !== number)
    yield { fields: ['icmpType'], message: 'must be one number: a packet has one type' };
}

function* familyProblems(packet: WrittenPacket, protocol: number): Generator<PacketProblem> {
  const wanted = familyOf(withoutNames(packet));
  const summary = 'contradiction';
  const byType = packet.etherType === undefined ? undefined : IP_TYPES[packet.etherType];
  for (const field of ['source', 'destination'] as const) {
    if (packet[field] && packet[field].family !== wanted)
      yield {
        fields: [field, 'family'],
        summary,
        message: `is no IPv${wanted} address, as the rest of it says`,
      };
  }
  if (byType !== undefined && byType !== wanted)
    yield { fields: ['etherType', 'family'], summary, message: `is not that of the IPv${wanted} packet` };
  const icmp = wanted === 4 ? PROTOCOLS.icmpv6 : PROTOCOLS.icmp;
  if (protocol === icmp && (packet.icmpType ?? packet.icmpCode) !== undefined)
    yield { fields: ['protocol', 'family'], summary, message: `is not the ICMP of IPv${wanted}` };
  if (packet.ipv4Options !== undefined && (wanted === 6 || packet.ipv4Options % 4 !== 0))
    yield { fields: ['ipv4Options', 'family'], message: 'must be a multiple of 4, in an IPv4 packet' };
  if (packet.extensions && wanted === 4)
    yield { fields: ['extensions', 'family'], summary, message: 'are of IPv6 packets alone' };
}

export const packetSchema = packetFields
  .superRefine(...checkFields(packetProblems))
  .describe('A packet in words; what is left out gets a harmless value.');

/** Resolves names. Only for a packet that was not refused. */
export function toPacket(written: WrittenPacket): PacketDescription {
  const { icmpType: type } = written;
  if (!type) return withoutNames(written);
  const number = 'icmpName' in type ? icmpTypeNumber(type, [written.protocol ?? PROTOCOLS.tcp]) : type.from;
  if (typeof number === 'number') return { ...withoutNames(written), icmpType: number };
  throw new TypeError(`an unresolvable ICMP type was not refused: ${number.message}`);
}

function withoutNames({ tcpFlags: flags, ...written }: WrittenPacket): PacketDescription {
  const rest = { ...written };
  delete rest.icmpType;
  return { ...(rest as Omit<typeof rest, 'icmpType'>), ...(flags && { tcpFlags: flags.value }) };
}
