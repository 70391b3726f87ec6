// The schema of the packet of a test. Refused: descriptions of which no frame can be built, and fields that the frame would not have.
import * as z from 'zod';
import { ETHER_TYPES, PROTOCOLS } from '../../model/names.js';
import type { ExtensionHeader, FieldName, PacketDescription } from '../../model/policy.js';
import { ICMP_PROTOCOLS } from '../../policy/fields/icmp.js';
import { icmpTypeNumber } from '../../policy/fields/icmp-type.js';
import { FIELD_NAMES, FIELDS } from '../../policy/fields/registry.js';
import { buildPacket, familyOf } from '../../policy/packet/build-packet.js';
import { VLAN_TYPES } from '../../policy/packet/parse.js';
import { checkFields, type FieldProblem } from '../yaml/check-fields.js';
import { packetFields } from './match-fields.js';
import { mayBeAbsent, wholeNumber } from './values.js';

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
      yield {
        fields: ['bytes', 'kind'],
        message: 'is always 8 for a fragment header',
        hint: 'Leave it out.',
      };
    return;
  }
  const [unit, least] = kind === 'ah' ? [4, 12] : [8, 8];
  if (bytes !== undefined && (bytes % unit !== 0 || bytes < least))
    yield {
      fields: ['bytes', 'kind'],
      message: `must be a multiple of ${unit}, at least ${least}`,
      hint: `Write for example ${least}.`,
    };
  const message = 'goes with kind fragment alone';
  const hint = 'Leave it out, or write `kind: fragment`.';
  if (offset !== undefined) yield { fields: ['offset', 'kind'], message, hint };
  if (more !== undefined) yield { fields: ['more', 'kind'], message, hint };
}

const extension = z.union([
  z.enum(KINDS).transform((kind): ExtensionHeader => ({ kind })),
  extensionFields
    .superRefine(...checkFields(extensionProblems))
    .transform((header) => header as ExtensionHeader),
]);

const fields = z.strictObject({
  ...packetFields,
  fragmentId: mayBeAbsent(wholeNumber(0, 0xffffffff)).describe(
    'Of a fragment: names the datagram that it is of. Default: 1.',
  ),
  ipv4Options: mayBeAbsent(wholeNumber(0, 40)).describe('Bytes of IPv4 options, a multiple of 4.'),
  extensions: mayBeAbsent(z.array(extension).max(8, 'must be 8 headers at most')).describe(
    'IPv6 extension headers in this order.',
  ),
});

type WrittenPacket = z.output<typeof fields>;
type PacketProblem = FieldProblem<WrittenPacket>;

const IP_TYPES: Record<number, 4 | 6> = { [ETHER_TYPES.ipv4]: 4, [ETHER_TYPES.ipv6]: 6 };
const OF_A_TAG = 'is that of a VLAN tag: what counts is the EtherType behind it';
const ETHERNET_BYTES = 14;
const LARGEST_IPV4_ID = 65_535;
/** What a frame that is not IP can have. */
function isOfFrame(field: keyof WrittenPacket): boolean {
  return field === 'length' || (isField(field) && FIELDS[field].layer === 'link');
}

function isField(name: string): name is FieldName {
  return name in FIELDS;
}

function* packetProblems(packet: WrittenPacket): Generator<PacketProblem> {
  const { protocol = PROTOCOLS.tcp, etherType } = packet;
  if (etherType !== undefined && IP_TYPES[etherType] === undefined) {
    const lost = (Object.keys(packet) as (keyof WrittenPacket)[]).filter((field) => !isOfFrame(field));
    const message = 'is of an IP packet, which `etherType` says that this is not';
    for (const field of lost)
      yield {
        fields: [field, 'etherType'],
        summary: 'contradiction',
        message,
        hint: 'Leave it out, or the `etherType`.',
      };
    if (VLAN_TYPES.includes(etherType))
      yield { fields: ['etherType'], message: OF_A_TAG, hint: 'Write the ids of the tags as `vlan`.' };
    return;
  }
  for (const field of FIELD_NAMES) {
    const { needs } = FIELDS[field];
    if (packet[field] !== undefined && needs && !needs.protocols.includes(protocol))
      yield { fields: [field, 'protocol'], ...needs.problem(true) };
  }
  yield* icmpTypeProblems(packet, protocol);
  yield* familyProblems(packet, protocol);
  yield* lengthProblems(packet);
}

function* lengthProblems(packet: WrittenPacket): Generator<PacketProblem> {
  if (packet.length === undefined) return;
  const least = buildPacket({ ...withoutNames(packet), vlan: [], length: 0 }).length - ETHERNET_BYTES;
  if (packet.length < least)
    yield {
      fields: ['length'],
      message: `must be ${least} at least: its headers have so many bytes`,
      hint: `Write ${least} or more.`,
    };
}

function* icmpTypeProblems({ icmpType }: WrittenPacket, protocol: number): Generator<PacketProblem> {
  if (!icmpType || !ICMP_PROTOCOLS.includes(protocol)) return;
  const number = 'icmpName' in icmpType ? icmpTypeNumber(icmpType, [protocol]) : icmpType.from;
  if (typeof number !== 'number') yield { fields: ['icmpType', 'protocol'], ...number };
  else if ('to' in icmpType && icmpType.to !== number)
    yield {
      fields: ['icmpType'],
      message: 'must be one number: a packet has one type',
      hint: 'Write its first number.',
    };
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
        hint: `Write an address of IPv${wanted}, or leave out what says IPv${wanted}.`,
      };
  }
  if (byType !== undefined && byType !== wanted)
    yield {
      fields: ['etherType', 'family'],
      summary,
      message: `is not that of the IPv${wanted} packet`,
      hint: 'Leave it out.',
    };
  const icmp = wanted === 4 ? PROTOCOLS.icmpv6 : PROTOCOLS.icmp;
  if (protocol === icmp && (packet.icmpType ?? packet.icmpCode) !== undefined)
    yield {
      fields: ['protocol', 'family'],
      summary,
      message: `is not the ICMP of IPv${wanted}`,
      hint: `Write ${wanted === 4 ? 'icmp' : 'icmpv6'}.`,
    };
  if (packet.ipv4Options !== undefined && (wanted === 6 || packet.ipv4Options % 4 !== 0))
    yield {
      fields: ['ipv4Options', 'family'],
      message: 'must be a multiple of 4, in an IPv4 packet',
      hint: 'Write for example 4, and `family: 4`.',
    };
  if (wanted === 4 && (packet.fragmentId ?? 0) > LARGEST_IPV4_ID)
    yield {
      fields: ['fragmentId', 'family'],
      message: `must be at most ${LARGEST_IPV4_ID} in an IPv4 packet`,
      hint: 'Write a smaller one.',
    };
  if (packet.extensions && wanted === 4)
    yield {
      fields: ['extensions', 'family'],
      summary,
      message: 'are of IPv6 packets alone',
      hint: 'Leave them out, or write `family: 6`.',
    };
}

export const packetSchema = fields
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
