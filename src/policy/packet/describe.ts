// Packets in one line, for people: `tcp 192.0.2.1:1024 -> 198.51.100.7:22 SYN`.
import { formatCidr } from '../../addresses/format.js';
import type { Cidr } from '../../addresses/cidr.js';
import type { PacketDescription } from '../../model/policy.js';
import { familyOf } from './build-packet.js';

const PROTOCOLS: Record<number, string> = {
  1: 'icmp',
  2: 'igmp',
  6: 'tcp',
  17: 'udp',
  47: 'gre',
  50: 'esp',
  58: 'icmpv6',
  132: 'sctp',
};
const FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'];
const ETH_IPV4 = 0x0800;
const ETH_IPV6 = 0x86dd;
/** What a packet has when nobody says otherwise (build-packet.ts): not worth a word. */
const DEFAULT_TTL = 64;
const DEFAULT_DESTINATION_MAC = 0x02_00_00_00_00_01;
const DEFAULT_SOURCE_MAC = 0x02_00_00_00_00_02;

export function describePacket(packet: PacketDescription): string {
  const { etherType } = packet;
  if (etherType !== undefined && etherType !== ETH_IPV4 && etherType !== ETH_IPV6) {
    return ['frame', `etherType 0x${etherType.toString(16).padStart(4, '0')}`, ...linkWords(packet)].join(
      ' ',
    );
  }
  const protocol = packet.protocol ?? 6;
  const words = [
    protocolName(protocol),
    ...(packet.source || packet.destination || familyOf(packet) === 4 ? [] : ['ipv6']),
    `${end(packet.source, packet.sourcePort)} -> ${end(packet.destination, packet.destinationPort)}`,
    ...(packet.icmpType === undefined ? [] : [`type ${packet.icmpType}`]),
    ...(packet.icmpCode === undefined ? [] : [`code ${packet.icmpCode}`]),
    ...(protocol === 6 && packet.tcpFlags !== undefined ? [flags(packet.tcpFlags)] : []),
    ...(packet.fragment === undefined || packet.fragment === 'none' ? [] : [`${packet.fragment} fragment`]),
    ...(packet.ipv4Options ? [`options ${packet.ipv4Options}`] : []),
    ...(packet.extensions?.length ? [`behind ${packet.extensions.map(({ kind }) => kind).join(', ')}`] : []),
    ...(packet.length === undefined ? [] : [`length ${packet.length}`]),
    ...(packet.ttl === undefined || packet.ttl === DEFAULT_TTL ? [] : [`ttl ${packet.ttl}`]),
    ...(packet.dscp === undefined || packet.dscp === 0 ? [] : [`dscp ${packet.dscp}`]),
    ...linkWords(packet),
  ];
  return words.join(' ');
}

function linkWords({ vlan = [], sourceMac, destinationMac }: PacketDescription): string[] {
  return [
    ...vlan.map((id) => `vlan ${id}`),
    ...(sourceMac === undefined || sourceMac === DEFAULT_SOURCE_MAC ? [] : [`from ${formatMac(sourceMac)}`]),
    ...(destinationMac === undefined || destinationMac === DEFAULT_DESTINATION_MAC
      ? []
      : [`to ${formatMac(destinationMac)}`]),
  ];
}

function end(address: Cidr | undefined, port: number | undefined): string {
  const host = address ? withoutLength(address) : '*';
  if (port === undefined) return host;
  return address?.family === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

function withoutLength(address: Cidr): string {
  return formatCidr(address).split('/', 1)[0] ?? '';
}

function flags(bits: number): string {
  return flagNames(bits).join('+') || 'no flags';
}

/** Of the TCP header's 14th byte: FIN first. */
export function flagNames(bits: number): string[] {
  return FLAGS.filter((_, bit) => bits & (1 << bit));
}

/** `tcp`, or `protocol 253` where it has no name. */
export function protocolName(protocol: number): string {
  return PROTOCOLS[protocol] ?? `protocol ${protocol}`;
}

/** A 48-bit number, first byte most significant. */
export function formatMac(address: number): string {
  return (address.toString(16).padStart(12, '0').match(/../g) ?? []).join(':');
}
