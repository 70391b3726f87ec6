// Parses a frame: where its headers are, and its fields. The reference for bpf/packet.h, with the same decisions:
// - up to two VLAN tags (802.1Q, 802.1ad) are skipped; a third makes the frame malformed, since Linux removes any number of tags with
//   id 0, and would find an IP packet behind it; a tag with id 0 does not count as a VLAN;
// - bytes after the IP packet, by its length field, are padding and never read as a header;
// - a transport header must be complete (TCP with its options), or the packet is malformed; this holds for a first fragment too, so
//   that no part of the header can be in the second;
// - ESP, "no next header" and unknown protocols end the header chain: the packet has a protocol and no ports;
// - AH is a protocol in IPv4, which has no header chain; in IPv6 it is an extension header;
// - a ninth extension header makes the packet malformed, because its transport protocol is not known;
// - a length of 0 in a frame longer than any length field can express is a merged TCP stream (BIG TCP), as long as its frame; in a
//   shorter frame it is malformed in IPv4, and a packet without payload in IPv6.
import { PROTOCOLS } from '../../model/names.js';
import type { PacketFields } from '../fields/field.js';
import { type IpLayer, type Layers, TRANSPORT_BYTES, transportOf } from '../fields/layers.js';
import { readFields } from '../fields/registry.js';

const ETH_BYTES = 14;
/** 802.1Q and 802.1ad. */
export const VLAN_TYPES: readonly number[] = [0x8100, 0x88a8];
export const VLAN_TAGS = 2;
/** Extension headers of IPv6 at most. */
export const EXTENSIONS = 8;
/** The largest value of a length field of IP. */
export const LONGEST_PACKET = 65_535;
const EXTENSION = { hopByHop: 0, routing: 43, fragment: 44, ah: 51, destination: 60 } as const;
export const EXTENSION_PROTOCOLS: readonly number[] = Object.values(EXTENSION);
export const FRAGMENT_HEADER = EXTENSION.fragment;

/** A packet that is IP has a family, a protocol, addresses and a fragment kind; every frame an EtherType and MAC addresses. */
export type Parsed = { shape: 'ip' | 'non-ip'; fields: PacketFields } | { shape: 'malformed' };

const MALFORMED = { shape: 'malformed' } as const;

export function parseFrame(frame: Uint8Array): Parsed {
  const layers = findLayers(new DataView(frame.buffer, frame.byteOffset, frame.byteLength));
  if (!layers) return MALFORMED;
  return { shape: layers.ip ? 'ip' : 'non-ip', fields: readFields(layers) };
}

/** `undefined` for a malformed frame. */
function findLayers(frame: DataView): Layers | undefined {
  if (frame.byteLength < ETH_BYTES) return undefined;
  const link: Layers = { frame, vlan: 'none', etherType: frame.getUint16(12) };
  let at = ETH_BYTES;
  for (let tag = 0; VLAN_TYPES.includes(link.etherType); tag++) {
    if (tag === VLAN_TAGS || frame.byteLength < at + 4) return undefined;
    if (link.vlan === 'none') link.vlan = frame.getUint16(at) & 0xfff || 'none';
    link.etherType = frame.getUint16(at + 2);
    at += 4;
  }
  const rest = within(frame, at, frame.byteLength);
  if (link.etherType === 0x0800) return parseIpv4(rest, link);
  if (link.etherType === 0x86dd) return parseIpv6(rest, link);
  return link;
}

function parseIpv4(header: DataView, link: Layers): Layers | undefined {
  if (header.byteLength < 20 || header.getUint8(0) >> 4 !== 4) return undefined;
  const bytes = (header.getUint8(0) & 15) * 4;
  const isMerged = isMergedStream(header, header.getUint16(2), 0) && header.getUint8(9) === PROTOCOLS.tcp;
  const length = isMerged ? header.byteLength : header.getUint16(2);
  if (bytes < 20 || length < bytes || length > header.byteLength) return undefined;
  const offset = header.getUint16(6);
  const fragment = offset & 0x1fff ? 'later' : offset & 0x2000 ? 'first' : 'none';
  const ip: IpLayer = { family: 4, header, protocol: header.getUint8(9), fragment, length };
  return parseTransport(within(header, bytes, length), link, ip);
}

function parseIpv6(header: DataView, link: Layers): Layers | undefined {
  if (header.byteLength < 40 || header.getUint8(0) >> 4 !== 6) return undefined;
  const payload = header.getUint16(4);
  const length = isMergedStream(header, payload, 40) ? header.byteLength : 40 + payload;
  if (length > header.byteLength) return undefined;
  const ip: IpLayer = { family: 6, header, protocol: header.getUint8(6), fragment: 'none', length };
  let at = 40;
  for (let walked = 0; isExtension(ip.protocol); walked++) {
    if (walked === EXTENSIONS || length - at < 8) return undefined;
    const bytes = extensionBytes(ip.protocol, header.getUint8(at + 1));
    if (length - at < bytes) return undefined;
    const isFragment = ip.protocol === FRAGMENT_HEADER;
    ip.protocol = header.getUint8(at);
    if (isFragment) {
      const offset = header.getUint16(at + 2);
      if (offset >> 3 !== 0) return { ...link, ip: { ...ip, fragment: 'later' } };
      if (offset & 1) ip.fragment = 'first'; // neither offset nor flag: an atomic fragment, which is whole
    }
    at += bytes;
  }
  return parseTransport(within(header, at, length), link, ip);
}

/** `said`: the value of the length field, which does not count the first `bytes` bytes. */
function isMergedStream(packet: DataView, said: number, bytes: number): boolean {
  return said === 0 && packet.byteLength > bytes + LONGEST_PACKET;
}

export function isExtension(protocol: number): boolean {
  return EXTENSION_PROTOCOLS.includes(protocol);
}

/** `length`: the second byte of the header (RFC 8200 4.2, RFC 4302 2.2). */
export function extensionBytes(protocol: number, length: number): number {
  if (protocol === FRAGMENT_HEADER) return 8;
  return protocol === EXTENSION.ah ? (length + 2) * 4 : (length + 1) * 8;
}

/** `undefined` when the header is not complete. */
function parseTransport(header: DataView, link: Layers, ip: IpLayer): Layers | undefined {
  const protocol = ip.fragment === 'later' ? undefined : transportOf(ip);
  if (!protocol) return { ...link, ip };
  if (header.byteLength < TRANSPORT_BYTES[protocol]) return undefined;
  if (protocol === 'tcp') {
    const bytes = (header.getUint8(12) >> 4) * 4;
    if (bytes < TRANSPORT_BYTES.tcp || bytes > header.byteLength) return undefined;
  }
  return { ...link, ip, transport: { protocol, header } };
}

function within(view: DataView, from: number, to: number): DataView {
  return new DataView(view.buffer, view.byteOffset + from, to - from);
}
