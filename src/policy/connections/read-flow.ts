// Headers -> the flow that they belong to, seen from this host. The reference for bpf/flow.h, decision by decision: of packets that
// the parser found whole, of what an ICMP error quotes, and of what leaves.
import { PROTOCOLS } from '../../model/names.js';
import {
  extensionBytes,
  EXTENSIONS,
  FRAGMENT_HEADER,
  isExtension,
  VLAN_TAGS,
  VLAN_TYPES,
} from '../packet/parse.js';

export type Direction = 'incoming' | 'outgoing';

/** What stands in a packet, as far as its flow goes. */
export type FlowKind =
  | 'none'
  | 'tcp'
  | 'ports'
  | 'echo-request'
  | 'echo-reply'
  | 'error'
  | 'other-icmp'
  | 'addresses'
  | 'later-fragment';

export interface Reading {
  kind: FlowKind;
  /** Names the flow, the same for what leaves and for its answer: struct flow, a byte a character. */
  flow: string;
  protocol: number;
  tcpFlags: number;
  /** Of a fragment: names what it is of, in the form of a flow. */
  datagram?: string;
  /** Byte of the frame at which the transport header begins. */
  at: number;
}

const ICMP_ERRORS: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
const HAVE_PORTS: readonly number[] = [PROTOCOLS.tcp, PROTOCOLS.udp, PROTOCOLS.sctp];

/** The address of this host in a flow. */
export function localOf(flow: string): string {
  return flow.slice(16, 32);
}

/** `undefined` for a frame that is not IP. */
export function readFrame(frame: Uint8Array, direction: Direction): Reading | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  for (let tag = 0, at = 12; tag <= VLAN_TAGS && at + 2 <= view.byteLength; tag++, at += 4) {
    const type = view.getUint16(at);
    if (type === 0x0800 || type === 0x86dd) return readPacket(view, at + 2, direction);
    if (!VLAN_TYPES.includes(type)) return undefined;
  }
  return undefined;
}

/** The packet whose IP header is at byte `at`. */
export function readPacket(view: DataView, at: number, direction: Direction): Reading {
  const nothing: Reading = { kind: 'none', flow: '', protocol: 0, tcpFlags: 0, at };
  const version = at < view.byteLength ? view.getUint8(at) >> 4 : 0;
  if (version === 4 && at + 20 <= view.byteLength) return readIpv4(view, at, direction);
  if (version === 6 && at + 40 <= view.byteLength) return readIpv6(view, at, direction) ?? nothing;
  return nothing;
}

function readIpv4(view: DataView, at: number, direction: Direction): Reading {
  const ends = [bytesOf(view, at + 12, 4), bytesOf(view, at + 16, 4)] as const;
  const behind = at + (view.getUint8(at) & 15) * 4;
  const flags = view.getUint16(at + 6);
  const [later, more] = [(flags & 0x1fff) !== 0, (flags & 0x2000) !== 0];
  const id = later || more ? view.getUint16(at + 4) * 0x1_00_00 : undefined;
  return readTransport(
    view,
    { family: 4, protocol: view.getUint8(at + 9), at: behind, later, ...(id !== undefined && { id }) },
    ends,
    direction,
  );
}

function readIpv6(view: DataView, at: number, direction: Direction): Reading | undefined {
  const ends = [bytesOf(view, at + 8, 16), bytesOf(view, at + 24, 16)] as const;
  const behind = walk(view, at + 40, view.getUint8(at + 6));
  return behind && readTransport(view, { family: 6, ...behind }, ends, direction);
}

/** Where the transport header is, and of which protocol; `undefined` where that cannot be told. */
function walk(view: DataView, at: number, protocol: number): Omit<Behind, 'family'> | undefined {
  let found: { id?: number } = {};
  for (let step = 0; step < EXTENSIONS; step++) {
    if (!isExtension(protocol)) return { at, protocol, later: false, ...found };
    if (at + 8 > view.byteLength) return undefined;
    const [next, length] = [view.getUint8(at), view.getUint8(at + 1)];
    const isFragment = protocol === FRAGMENT_HEADER;
    // The offset above three bits, of which the lowest says that more fragments follow (RFC 8200, 4.5). Both 0: all of the datagram.
    const place = isFragment ? view.getUint16(at + 2) & ~6 : 0;
    const later = place > 1;
    if (place !== 0) found = { id: view.getUint32(at + 4) };
    at += extensionBytes(protocol, length);
    protocol = next;
    if (later) return { at, protocol, later, ...found };
  }
  return isExtension(protocol) ? undefined : { at, protocol, later: false, ...found };
}

interface Behind {
  family: 4 | 6;
  protocol: number;
  at: number;
  later: boolean;
  /** Of a fragment: the identification, 32 bits, that of IPv4 in the upper half. */
  id?: number;
}

/** `ends`: source and destination. Of what an ICMP error quotes, eight bytes are enough. */
function readTransport(
  view: DataView,
  { family, protocol, at, later, id }: Behind,
  ends: readonly [number[], number[]],
  direction: Direction,
): Reading {
  const [remote, local] = direction === 'incoming' ? ends : [ends[1], ends[0]];
  const holds = (bytes: number): boolean => at + bytes <= view.byteLength;
  const reading = (kind: FlowKind, remotePort = 0, localPort = 0, tcpFlags = 0): Reading => {
    const name = (ports: number[], of: number): string =>
      String.fromCharCode(...remote, ...local, ...ports, family, of, 0, 0);
    const flow = name([...shortOf(remotePort), ...shortOf(localPort)], protocol);
    // IPv6 fragments of one datagram may say different protocols (RFC 8200, 4.5).
    const datagram =
      id !== undefined && name([...shortOf(id >>> 16), ...shortOf(id & 0xffff)], family === 4 ? protocol : 0);
    return { kind, flow, protocol, tcpFlags, at, ...(datagram !== false && { datagram }) };
  };
  if (later) return reading('later-fragment');
  if (protocol === (family === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmpv6)) {
    if (!holds(8)) return reading('none');
    const kind = family === 4 ? kindOfIcmp4(view.getUint8(at)) : kindOfIcmp6(view.getUint8(at));
    const isEcho = kind === 'echo-request' || kind === 'echo-reply';
    return reading(kind, 0, isEcho ? view.getUint16(at + 4) : 0);
  }
  if (!HAVE_PORTS.includes(protocol)) return reading('addresses');
  if (!holds(4)) return reading('none');
  const ports = [view.getUint16(at), view.getUint16(at + 2)] as const;
  const [remotePort, localPort] = direction === 'incoming' ? ports : [ports[1], ports[0]];
  if (protocol !== PROTOCOLS.tcp) return reading('ports', remotePort, localPort);
  return reading('tcp', remotePort, localPort, holds(14) ? view.getUint8(at + 13) : 0);
}

function kindOfIcmp4(type: number): FlowKind {
  if (type === 8) return 'echo-request';
  if (type === 0) return 'echo-reply';
  return ICMP_ERRORS.has(type) ? 'error' : 'other-icmp';
}

/** Errors have types below 128 (RFC 4443). */
function kindOfIcmp6(type: number): FlowKind {
  if (type === 128) return 'echo-request';
  if (type === 129) return 'echo-reply';
  return type < 128 ? 'error' : 'other-icmp';
}

/** The bytes of an address, and zeros up to sixteen. */
function bytesOf(view: DataView, at: number, bytes: number): number[] {
  return Array.from({ length: 16 }, (_, index) => (index < bytes ? view.getUint8(at + index) : 0));
}

function shortOf(port: number): number[] {
  return [port >> 8, port & 255];
}
