// Packets in one line, for people: `tcp 192.0.2.1:1024 -> 198.51.100.7:22 SYN`.
import { formatCidr } from '../../addresses/format.js';
import { ETHER_TYPES, PROTOCOLS } from '../../model/names.js';
import type { Cidr } from '../../addresses/cidr.js';
import type { FieldName, PacketDescription } from '../../model/policy.js';
import { protocolName } from '../fields/protocol.js';
import { FIELD_NAMES, FIELDS } from '../fields/registry.js';
import { familyOf } from './build-packet.js';

export function describePacket(packet: PacketDescription): string {
  const { etherType } = packet;
  if (etherType !== undefined && etherType !== ETHER_TYPES.ipv4 && etherType !== ETHER_TYPES.ipv6) {
    const others = FIELD_NAMES.filter((name) => FIELDS[name].layer === 'link' && name !== 'etherType');
    return ['frame', ...wordsOf(packet, ['etherType', ...others])].join(' ');
  }
  const words = [
    protocolName(packet.protocol ?? PROTOCOLS.tcp),
    ...(packet.source || packet.destination || familyOf(packet) === 4 ? [] : ['ipv6']),
    `${end(packet.source, packet.sourcePort)} -> ${end(packet.destination, packet.destinationPort)}`,
    ...wordsOf(packet, FIELD_NAMES),
  ];
  return words.join(' ');
}

function wordsOf(packet: PacketDescription, names: readonly FieldName[]): string[] {
  return names.flatMap((name) => {
    const words = wordsFor(name, packet, packet);
    return name === 'fragment' ? [...words, ...headerWords(packet)] : words;
  });
}

function wordsFor<N extends FieldName>(
  name: N,
  values: Pick<PacketDescription, N>,
  packet: PacketDescription,
): string[] {
  const value = values[name];
  return value === undefined ? [] : FIELDS[name].words(value, packet);
}

/** Names of headers that have no field of a match. */
function headerWords({ fragmentId, ipv4Options, extensions = [] }: PacketDescription): string[] {
  return [
    ...(fragmentId === undefined ? [] : [`of datagram ${fragmentId}`]),
    ...(ipv4Options ? [`options ${ipv4Options}`] : []),
    ...(extensions.length > 0 ? [`behind ${extensions.map(({ kind }) => kind).join(', ')}`] : []),
  ];
}

function end(address: Cidr | undefined, port: number | undefined): string {
  const host = address ? formatAddress(address) : '*';
  if (port === undefined) return host;
  return address?.family === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The address of a CIDR with full prefix length. */
export function formatAddress(address: Cidr): string {
  return formatCidr(address).split('/', 1)[0] ?? '';
}
