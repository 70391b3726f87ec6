// Builds a frame, with correct lengths and checksums, from a description of a packet (of tests, `explain` and lint's witnesses). It never
// builds a malformed frame; callers that need one change the bytes.
import { ETHER_TYPES, PROTOCOLS } from '../../model/names.js';
import type { ExtensionHeader, PacketDescription } from '../../model/policy.js';
import { checksum, concat, Writer } from './bytes.js';
import { type IpLayer, type Layers, transportOf } from '../fields/layers.js';
import { putFields } from '../fields/registry.js';
import { EXTENSION } from './parse.js';

const ETH_VLAN = 0x8100;
const ETH_QINQ = 0x88a8;
const NO_IP_PAYLOAD = 46;
const DEFAULT_PAYLOAD = 16;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;

/** The frame, Ethernet header included. */
export function buildPacket(packet: PacketDescription): Uint8Array {
  const family = familyOf(packet);
  const etherType = packet.etherType ?? (family === 6 ? ETHER_TYPES.ipv6 : ETHER_TYPES.ipv4);
  const isIp = etherType === ETHER_TYPES.ipv4 || etherType === ETHER_TYPES.ipv6;
  const ip = isIp ? layOutIp(packet, family) : undefined;
  const link = layOutLink(packet, etherType);
  const frame = concat([link, ...(ip?.parts ?? [new Uint8Array(packet.length ?? NO_IP_PAYLOAD)])]);
  const layers: Layers = { frame: new DataView(frame.buffer), vlan: packet.vlan?.[0] ?? 'none', etherType };
  if (!ip) {
    putFields(layers, packet);
    return frame;
  }
  const view = (at: number): DataView => new DataView(frame.buffer, at);
  const before = link.length + ip.headerBytes;
  layers.ip = { ...ip.layer, header: view(link.length), length: frame.length - link.length };
  const transport = ip.hasTransport ? transportOf(ip.layer) : undefined;
  if (transport) layers.transport = { protocol: transport, header: view(before) };
  putFields(layers, packet);
  writeChecksums(layers, ip.ownHeader);
  return frame;
}

/** The family of a description: as given, else that of its addresses, else IPv4. */
export function familyOf(packet: PacketDescription): 4 | 6 {
  const byType = packet.etherType === ETHER_TYPES.ipv6 ? 6 : undefined;
  const byAddress = packet.source?.family ?? packet.destination?.family;
  const byProtocol = packet.protocol === PROTOCOLS.icmpv6 ? 6 : undefined;
  return packet.family ?? byAddress ?? byType ?? byProtocol ?? 4;
}

function layOutLink({ vlan: tags = [] }: PacketDescription, etherType: number): Uint8Array {
  const out = new Writer().raw(new Uint8Array(12));
  tags.forEach((id, index) => {
    out.u16(index === 0 && tags.length > 1 ? ETH_QINQ : ETH_VLAN).u16(id);
  });
  return out.u16(etherType).bytes();
}

/** An IP packet whose fields are not filled in yet. */
interface LaidOutIp {
  parts: Uint8Array[];
  layer: Omit<IpLayer, 'header' | 'length'>;
  /** Bytes of the IP header with its options, */
  ownHeader: number;
  /** and with the extension headers behind it. */
  headerBytes: number;
  hasTransport: boolean;
}

function layOutIp(packet: PacketDescription, family: 4 | 6): LaidOutIp {
  const protocol = packet.protocol ?? PROTOCOLS.tcp;
  const chain = family === 6 ? extensionsOf(packet) : [];
  const isLater =
    packet.fragment === 'later' || chain.some((one) => one.kind === 'fragment' && (one.offset ?? 0) > 0);
  const options = family === 4 ? new Uint8Array(packet.ipv4Options ?? 0).fill(1) : new Uint8Array(); // no-operation
  const types = [...chain.map(({ kind }) => EXTENSION[kind]), protocol];
  const id = packet.fragmentId ?? 1;
  const headers = chain.map((header, index) => extension(header, types[index + 1] ?? protocol, id));
  const extended = headers.reduce((sum, { length }) => sum + length, 0);
  const ownHeader = family === 4 ? IPV4_BYTES + options.length : IPV6_BYTES;
  const fragment = isLater ? 'later' : (packet.fragment ?? 'none');
  const layer = { family, protocol, fragment } as const;
  const body = layOutBody(packet, layer, ownHeader + extended);
  const own =
    family === 4
      ? ipv4Header(layer, ownHeader, body.length, id)
      : ipv6Header(types[0] ?? protocol, extended + body.length);
  return {
    parts: [own, options, ...headers, body],
    layer,
    ownHeader,
    headerBytes: ownHeader + extended,
    hasTransport: !isLater,
  };
}

/** IPv6 extension headers, that of a fragment behind the others. */
function extensionsOf({ extensions = [], fragment }: PacketDescription): ExtensionHeader[] {
  if (fragment === 'first') return [...extensions, { kind: 'fragment', more: true }];
  if (fragment === 'later') return [...extensions, { kind: 'fragment', offset: 185 }];
  return extensions;
}

function ipv4Header(
  { fragment, protocol }: LaidOutIp['layer'],
  headerBytes: number,
  body: number,
  id: number,
): Uint8Array {
  const offset = fragment === 'later' ? 185 : fragment === 'first' ? 0x2000 : 0;
  return new Writer()
    .u16((0x40 | (headerBytes / 4)) << 8)
    .u16(headerBytes + body)
    .u16(id)
    .u16(offset)
    .u8(0)
    .u8(protocol)
    .raw(new Uint8Array(10))
    .bytes();
}

function ipv6Header(next: number, payload: number): Uint8Array {
  return new Writer()
    .u32(6 << 28)
    .u16(payload)
    .u8(next)
    .raw(new Uint8Array(33))
    .bytes();
}

function extension(header: ExtensionHeader, next: number, id: number): Uint8Array {
  const out = new Writer().u8(next);
  if (header.kind === 'fragment') {
    return out
      .u8(0)
      .u16(((header.offset ?? 0) << 3) | (header.more ? 1 : 0))
      .u32(id)
      .bytes();
  }
  const bytes = header.bytes ?? (header.kind === 'ah' ? 12 : 8);
  out.u8(header.kind === 'ah' ? bytes / 4 - 2 : bytes / 8 - 1);
  return out.raw(new Uint8Array(bytes - 2)).bytes();
}

/** Transport header and payload. A later fragment has no transport header; its payload is zeros. */
function layOutBody(packet: PacketDescription, layer: LaidOutIp['layer'], before: number): Uint8Array {
  const head = layer.fragment === 'later' ? new Uint8Array() : transportHeader(layer);
  const length = Math.max(head.length, (packet.length ?? before + head.length + DEFAULT_PAYLOAD) - before);
  const body = concat([head, new Uint8Array(length - head.length)]);
  if (head.length > 0 && layer.protocol === PROTOCOLS.udp) new DataView(body.buffer).setUint16(4, length);
  return body;
}

function transportHeader(layer: LaidOutIp['layer']): Uint8Array {
  switch (transportOf(layer)) {
    case 'tcp':
      return new Writer().u32(0).u32(1).u32(0).u16(0x5000).u16(65535).u32(0).bytes();
    case 'udp':
      return new Uint8Array(8);
    case 'sctp':
      return new Uint8Array(12);
    case 'icmp':
      return new Writer().u32(0).u16(1).u16(1).bytes();
    case undefined:
      return new Uint8Array();
  }
}

/** `headerBytes`: length of the IP header with its options. */
function writeChecksums({ ip, transport }: Layers, headerBytes: number): void {
  if (!ip) return;
  if (ip.family === 4) ip.header.setUint16(10, checksum([bytesOf(ip.header, 0, headerBytes)]));
  const at = CHECKSUM_AT[ip.protocol];
  if (!transport || at === undefined) return;
  const body = bytesOf(transport.header, 0);
  const sum = checksum(ip.protocol === PROTOCOLS.icmp ? [body] : [pseudoHeader(ip, body.length), body]);
  transport.header.setUint16(at, ip.protocol === PROTOCOLS.udp && sum === 0 ? 0xffff : sum);
}

const CHECKSUM_AT: Record<number, number | undefined> = {
  [PROTOCOLS.icmp]: 2,
  [PROTOCOLS.tcp]: 16,
  [PROTOCOLS.udp]: 6,
  [PROTOCOLS.icmpv6]: 2,
};

/** RFC 9293 3.1, RFC 8200 8.1. */
function pseudoHeader({ family, header, protocol }: IpLayer, length: number): Uint8Array {
  return family === 4
    ? new Writer()
        .raw(bytesOf(header, 12, 20))
        .u16(protocol)
        .u16(length)
        .bytes()
    : new Writer()
        .raw(bytesOf(header, 8, 40))
        .u32(length)
        .u32(protocol)
        .bytes();
}

function bytesOf(view: DataView, from: number, to = view.byteLength): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + from, to - from);
}
