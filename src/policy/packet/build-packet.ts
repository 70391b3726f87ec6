// Builds a frame with right lengths and checksums from a packet in words, as tests, `explain` and lint's witnesses describe
// it. It builds nothing malformed; callers that want a broken frame change the bytes.
import type { Cidr } from '../../addresses/cidr.js';
import type { ExtensionHeader, PacketDescription } from '../../model/policy.js';
import { checksum, concat, Writer } from './bytes.js';

const ETH_IPV4 = 0x0800;
const ETH_IPV6 = 0x86dd;
const ETH_VLAN = 0x8100;
const ETH_QINQ = 0x88a8;
const NO_IP_PAYLOAD = 46;
const DEFAULT_PAYLOAD = 16;
const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, fragment: 44, icmpv6: 58, sctp: 132 } as const;
const EXTENSION = { 'hop-by-hop': 0, 'destination-options': 60, routing: 43, ah: 51, fragment: 44 } as const;

/** The frame, from the Ethernet header on. */
export function buildPacket(packet: PacketDescription): Uint8Array {
  const family = familyOf(packet);
  const etherType = packet.etherType ?? (family === 6 ? ETH_IPV6 : ETH_IPV4);
  const isIp = etherType === ETH_IPV4 || etherType === ETH_IPV6;
  const body = !isIp
    ? new Uint8Array(packet.length ?? NO_IP_PAYLOAD)
    : family === 6
      ? ipv6(packet)
      : ipv4(packet);
  return concat([link(packet, etherType), body]);
}

/** The family that a description means: its own word, or its addresses', else IPv4. */
export function familyOf(packet: PacketDescription): 4 | 6 {
  const byType = packet.etherType === ETH_IPV6 ? 6 : undefined;
  const byAddress = packet.source?.family ?? packet.destination?.family;
  const byProtocol = packet.protocol === PROTOCOL.icmpv6 ? 6 : undefined;
  return packet.family ?? byAddress ?? byType ?? byProtocol ?? 4;
}

function link(packet: PacketDescription, etherType: number): Uint8Array {
  const tags = packet.vlan ?? [];
  const out = new Writer();
  out.mac(packet.destinationMac ?? 0x02_00_00_00_00_01).mac(packet.sourceMac ?? 0x02_00_00_00_00_02);
  tags.forEach((id, index) => {
    out.u16(index === 0 && tags.length > 1 ? ETH_QINQ : ETH_VLAN).u16(id);
  });
  return out.u16(etherType).bytes();
}

function address(cidr: Cidr | undefined, family: 4 | 6, last: number): Uint8Array {
  const documentation: Cidr =
    family === 4
      ? { family, a: 0xc0000200 + last, b: 0, c: 0, d: 0, length: 32 } // 192.0.2.0/24
      : { family, a: 0x20010db8, b: 0, c: 0, d: last, length: 128 };
  const { a, b, c, d } = cidr ?? documentation;
  const out = new Writer().u32(a);
  return (family === 4 ? out : out.u32(b).u32(c).u32(d)).bytes();
}

function ipv4(packet: PacketDescription): Uint8Array {
  const protocol = packet.protocol ?? PROTOCOL.tcp;
  const source = address(packet.source, 4, 1);
  const destination = address(packet.destination, 4, 2);
  const options = new Uint8Array(packet.ipv4Options ?? 0).fill(1); // no-operation
  const headerBytes = 20 + options.length;
  const offset = packet.fragment === 'later' ? 185 : packet.fragment === 'first' ? 0x2000 : 0;
  const pseudo = (length: number): Uint8Array =>
    concat([source, destination, new Writer().u8(0).u8(protocol).u16(length).bytes()]);
  const body = payload(packet, protocol, 4, headerBytes, pseudo);
  const header = new Writer()
    .u8(0x40 | (headerBytes / 4))
    .u8((packet.dscp ?? 0) << 2)
    .u16(headerBytes + body.length)
    .u16(1)
    .u16(offset)
    .u8(packet.ttl ?? 64)
    .u8(protocol)
    .u16(0)
    .raw(source)
    .raw(destination)
    .raw(options)
    .bytes();
  new DataView(header.buffer).setUint16(10, checksum([header]));
  return concat([header, body]);
}

function ipv6(packet: PacketDescription): Uint8Array {
  const protocol = packet.protocol ?? PROTOCOL.tcp;
  const source = address(packet.source, 6, 1);
  const destination = address(packet.destination, 6, 2);
  const chain: ExtensionHeader[] = [...(packet.extensions ?? [])];
  if (packet.fragment === 'first') chain.push({ kind: 'fragment', more: true });
  if (packet.fragment === 'later') chain.push({ kind: 'fragment', offset: 185 });
  const types = [...chain.map(({ kind }) => EXTENSION[kind]), protocol];
  const headers = concat(chain.map((header, index) => extension(header, types[index + 1] ?? protocol)));
  const pseudo = (length: number): Uint8Array =>
    concat([source, destination, new Writer().u32(length).u32(protocol).bytes()]);
  const later = chain.some((header) => header.kind === 'fragment' && (header.offset ?? 0) > 0);
  const described: PacketDescription = later ? { ...packet, fragment: 'later' } : packet;
  const body = payload(described, protocol, 6, 40 + headers.length, pseudo);
  const dscp = packet.dscp ?? 0;
  return new Writer()
    .u32(((6 << 28) | (dscp << 22)) >>> 0)
    .u16(headers.length + body.length)
    .u8(types[0] ?? protocol)
    .u8(packet.ttl ?? (protocol === PROTOCOL.icmpv6 ? 255 : 64))
    .raw(source)
    .raw(destination)
    .raw(headers)
    .raw(body)
    .bytes();
}

function extension(header: ExtensionHeader, next: number): Uint8Array {
  const out = new Writer().u8(next);
  if (header.kind === 'fragment') {
    return out
      .u8(0)
      .u16(((header.offset ?? 0) << 3) | (header.more ? 1 : 0))
      .u32(1)
      .bytes();
  }
  const bytes = header.bytes ?? (header.kind === 'ah' ? 12 : 8);
  out.u8(header.kind === 'ah' ? bytes / 4 - 2 : bytes / 8 - 1);
  return out.raw(new Uint8Array(bytes - 2)).bytes();
}

/** Transport header and filling. A later fragment has no header: its payload is zeros. */
function payload(
  packet: PacketDescription,
  protocol: number,
  family: 4 | 6,
  before: number,
  pseudo: (length: number) => Uint8Array,
): Uint8Array {
  const head = packet.fragment === 'later' ? new Uint8Array(0) : transport(packet, protocol, family);
  const length = Math.max(head.length, (packet.length ?? before + head.length + DEFAULT_PAYLOAD) - before);
  const body = concat([head, new Uint8Array(length - head.length)]);
  const at = head.length > 0 ? CHECKSUM_AT[protocol] : undefined;
  if (at === undefined) return body;
  const view = new DataView(body.buffer);
  if (protocol === PROTOCOL.udp) view.setUint16(4, length);
  const sum = checksum(protocol === PROTOCOL.icmp ? [body] : [pseudo(length), body]);
  view.setUint16(at, protocol === PROTOCOL.udp && sum === 0 ? 0xffff : sum);
  return body;
}

const CHECKSUM_AT: Record<number, number | undefined> = {
  [PROTOCOL.icmp]: 2,
  [PROTOCOL.tcp]: 16,
  [PROTOCOL.udp]: 6,
  [PROTOCOL.icmpv6]: 2,
};

function transport(packet: PacketDescription, protocol: number, family: 4 | 6): Uint8Array {
  const out = new Writer();
  const ports = (): Writer => out.u16(packet.sourcePort ?? 40000).u16(packet.destinationPort ?? 80);
  if (protocol === PROTOCOL.tcp) {
    return ports()
      .u32(1)
      .u32(0)
      .u8(0x50)
      .u8(packet.tcpFlags ?? 2)
      .u16(65535)
      .u16(0)
      .u16(0)
      .bytes();
  }
  if (protocol === PROTOCOL.udp) return ports().u16(0).u16(0).bytes();
  if (protocol === PROTOCOL.sctp) return ports().u32(0).u32(0).bytes();
  if (protocol === (family === 6 ? PROTOCOL.icmpv6 : PROTOCOL.icmp)) {
    const echo = family === 6 ? 128 : 8;
    return out
      .u8(packet.icmpType ?? echo)
      .u8(packet.icmpCode ?? 0)
      .u16(0)
      .u16(1)
      .u16(1)
      .bytes();
  }
  return out.bytes();
}
