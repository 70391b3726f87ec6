// A frame -> its fields, or why it has none. The reference for bpf/packet.h, decision by decision:
// - up to two VLAN tags (802.1Q, 802.1ad) are looked through; a third is an EtherType like any other;
// - what lies behind the IP packet's own length is padding, never a header;
// - a transport header must be there in full (TCP with its options), or the packet is malformed; that holds for
//   a first fragment as well, so that nothing hides in a second one;
// - ESP, "no next header" and unknown protocols end the walk: a protocol, no ports;
// - IPv4 AH is a protocol, as IPv4 has no header chain; in IPv6 it is walked;
// - a ninth extension header makes the packet malformed: its transport cannot be told;
// - a jumbogram (payload length 0) is an empty packet, and malformed when it announces a transport.
import type { FragmentKind } from '../../model/policy.js';

const ETH_BYTES = 14;
const VLAN_TAGS = 2;
const EXTENSIONS = 8;
const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 } as const;
const EXTENSION = { hopByHop: 0, routing: 43, fragment: 44, ah: 51, destination: 60 } as const;

export interface LinkFields {
  /** 48-bit numbers. */
  sourceMac: number;
  destinationMac: number;
  /** Of the outer tag. */
  vlan: number | 'none';
  etherType: number;
}

export interface IpFields extends LinkFields {
  family: 4 | 6;
  /** Four or sixteen bytes. */
  source: Uint8Array;
  destination: Uint8Array;
  protocol: number;
  fragment: FragmentKind;
  length: number;
  ttl: number;
  dscp: number;
  sourcePort?: number;
  destinationPort?: number;
  tcpFlags?: number;
  icmpType?: number;
  icmpCode?: number;
}

export type Parsed =
  { shape: 'ip'; fields: IpFields } | { shape: 'non-ip'; fields: LinkFields } | { shape: 'malformed' };

const MALFORMED = { shape: 'malformed' } as const;

export function parseFrame(frame: Uint8Array): Parsed {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < ETH_BYTES) return MALFORMED;
  const mac = (at: number): number => view.getUint16(at) * 0x1_0000_0000 + view.getUint32(at + 2);
  const link: LinkFields = {
    destinationMac: mac(0),
    sourceMac: mac(6),
    vlan: 'none',
    etherType: view.getUint16(12),
  };
  let at = ETH_BYTES;
  for (let tag = 0; tag < VLAN_TAGS && (link.etherType === 0x8100 || link.etherType === 0x88a8); tag++) {
    if (frame.length < at + 4) return MALFORMED;
    if (tag === 0) link.vlan = view.getUint16(at) & 0xfff;
    link.etherType = view.getUint16(at + 2);
    at += 4;
  }
  const rest = new DataView(view.buffer, view.byteOffset + at, frame.length - at);
  if (link.etherType === 0x0800) return parseIpv4(rest, link);
  if (link.etherType === 0x86dd) return parseIpv6(rest, link);
  return { shape: 'non-ip', fields: link };
}

function parseIpv4(ip: DataView, link: LinkFields): Parsed {
  if (ip.byteLength < 20 || ip.getUint8(0) >> 4 !== 4) return MALFORMED;
  const header = (ip.getUint8(0) & 15) * 4;
  const total = ip.getUint16(2);
  if (header < 20 || total < header || total > ip.byteLength) return MALFORMED;
  const offset = ip.getUint16(6);
  const fields: IpFields = {
    ...link,
    family: 4,
    source: slice(ip, 12, 16),
    destination: slice(ip, 16, 20),
    protocol: ip.getUint8(9),
    fragment: offset & 0x1fff ? 'later' : offset & 0x2000 ? 'first' : 'none',
    length: total,
    ttl: ip.getUint8(8),
    dscp: ip.getUint8(1) >> 2,
  };
  return parseTransport(within(ip, header, total), fields);
}

function parseIpv6(ip: DataView, link: LinkFields): Parsed {
  if (ip.byteLength < 40 || ip.getUint8(0) >> 4 !== 6) return MALFORMED;
  const total = 40 + ip.getUint16(4);
  if (total > ip.byteLength) return MALFORMED;
  const fields: IpFields = {
    ...link,
    family: 6,
    source: slice(ip, 8, 24),
    destination: slice(ip, 24, 40),
    protocol: ip.getUint8(6),
    fragment: 'none',
    length: Math.min(total, 65535),
    ttl: ip.getUint8(7),
    dscp: (ip.getUint16(0) >> 6) & 63,
  };
  let at = 40;
  for (let walked = 0; isExtension(fields.protocol); walked++) {
    if (walked === EXTENSIONS || total - at < 8) return MALFORMED;
    const bytes = extensionBytes(fields.protocol, ip.getUint8(at + 1));
    if (total - at < bytes) return MALFORMED;
    const isFragment = fields.protocol === EXTENSION.fragment;
    fields.protocol = ip.getUint8(at);
    if (isFragment) {
      const offset = ip.getUint16(at + 2);
      if (offset >> 3 !== 0) return { shape: 'ip', fields: { ...fields, fragment: 'later' } };
      if (offset & 1) fields.fragment = 'first'; // neither offset nor flag: an atomic fragment, which is whole
    }
    at += bytes;
  }
  return parseTransport(within(ip, at, total), fields);
}

function isExtension(protocol: number): boolean {
  return Object.values<number>(EXTENSION).includes(protocol);
}

/** RFC 8200 4.2, RFC 4302 2.2. */
function extensionBytes(protocol: number, length: number): number {
  if (protocol === EXTENSION.fragment) return 8;
  return protocol === EXTENSION.ah ? (length + 2) * 4 : (length + 1) * 8;
}

function parseTransport(bytes: DataView, fields: IpFields): Parsed {
  const { protocol } = fields;
  if (fields.fragment === 'later') return { shape: 'ip', fields };
  if (protocol === (fields.family === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6)) {
    if (bytes.byteLength < 8) return MALFORMED;
    fields.icmpType = bytes.getUint8(0);
    fields.icmpCode = bytes.getUint8(1);
    return { shape: 'ip', fields };
  }
  const needed = { [PROTOCOL.tcp]: 20, [PROTOCOL.udp]: 8, [PROTOCOL.sctp]: 12 }[protocol];
  if (needed === undefined) return { shape: 'ip', fields };
  if (bytes.byteLength < needed) return MALFORMED;
  if (protocol === PROTOCOL.tcp) {
    const header = (bytes.getUint8(12) >> 4) * 4;
    if (header < 20 || header > bytes.byteLength) return MALFORMED;
    fields.tcpFlags = bytes.getUint8(13);
  }
  fields.sourcePort = bytes.getUint16(0);
  fields.destinationPort = bytes.getUint16(2);
  return { shape: 'ip', fields };
}

function within(view: DataView, from: number, to: number): DataView {
  return new DataView(view.buffer, view.byteOffset + from, to - from);
}

function slice(view: DataView, from: number, to: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + from, to - from);
}
