// The packet that comes in next in a flow, as far as a flow tells: addresses, protocol, ports. All else is that of a small packet with one
// Ethernet header: of TCP an ACK, of a ping its echo reply.
import { FLOW, FLOW_BYTES } from '../../model/connections.js';
import { PORT_PROTOCOLS, PROTOCOLS, TCP_FLAGS } from '../../model/names.js';
import type { PacketDescription } from '../../model/policy.js';
import { buildPacket } from '../packet/build-packet.js';
import { type FlowBatch, protocolOf } from './flow-entry.js';

const ETHERNET = 14;
const IPV4 = 20;
const IPV6 = 40;
/** Of the addresses in the IP header. */
const ADDRESSES = { four: 12, six: 8 };
const ECHO_ID = 4;

/** Frames of this family and protocol; addresses and ports are written into them. Checksums are not: policies do not look at them. */
const templates = new Map<number, Uint8Array>();

/** Overwritten by the next call for a flow of the same family and protocol. */
export function nextPacket(batch: FlowBatch, at: number): Uint8Array {
  const { flows } = batch;
  const from = at * FLOW_BYTES;
  const protocol = protocolOf(batch, at);
  const isSix = flows.getUint8(from + FLOW.family) === 6;
  const frame = templateOf(isSix ? 6 : 4, protocol);
  const bytes = isSix ? 16 : 4;
  const addresses = ETHERNET + (isSix ? ADDRESSES.six : ADDRESSES.four);
  const transport = ETHERNET + (isSix ? IPV6 : IPV4);
  copy(flows, from + FLOW.remote, frame, addresses, bytes);
  copy(flows, from + FLOW.local, frame, addresses + bytes, bytes);
  if (PORT_PROTOCOLS.includes(protocol)) copy(flows, from + FLOW.remotePort, frame, transport, 4);
  else if (isEcho(protocol)) copy(flows, from + FLOW.localPort, frame, transport + ECHO_ID, 2);
  return frame;
}

function isEcho(protocol: number): boolean {
  return protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6;
}

function templateOf(family: 4 | 6, protocol: number): Uint8Array {
  const key = family * 256 + protocol;
  const known = templates.get(key);
  if (known) return known;
  const made = buildPacket(describe(family, protocol));
  templates.set(key, made);
  return made;
}

function describe(family: 4 | 6, protocol: number): PacketDescription {
  const packet: PacketDescription = { family, protocol };
  if (protocol === PROTOCOLS.tcp) return { ...packet, tcpFlags: TCP_FLAGS.ack };
  if (protocol === PROTOCOLS.icmp) return { ...packet, icmpType: 0 };
  return protocol === PROTOCOLS.icmpv6 ? { ...packet, icmpType: 129 } : packet;
}

function copy(flows: DataView, from: number, frame: Uint8Array, to: number, bytes: number): void {
  for (let at = 0; at < bytes; at++) frame[to + at] = flows.getUint8(from + at);
}
