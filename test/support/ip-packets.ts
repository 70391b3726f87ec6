// IP packets byte by byte, with what conntrack looks at beyond a firewall: sequence numbers, windows, checksums. Each carries a
// number, by which it is known again behind address translation: the identification of IPv4, the flow label of IPv6.
import { checksum, concat, Writer } from '../../src/policy/packet/bytes.js';

export const TCP = 6;
export const UDP = 17;
export type Family = 4 | 6;

export const FLAG = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 } as const;

/** Highest number of a packet; 0 is none. */
export const LAST_NUMBER = 0xffff;

/** Addresses are 4 or 16 bytes. */
export interface Ends {
  source: Uint8Array;
  destination: Uint8Array;
}

export const icmpOf = (ends: Ends): number => (ends.source.length === 4 ? 1 : 58);

export function ipPacket(ends: Ends, protocol: number, number: number, body: Uint8Array): Uint8Array {
  const { source, destination } = ends;
  if (source.length === 16) {
    const header = new Writer().u32(0x60000000 | number).u16(body.length);
    return concat([header.u8(protocol).u8(64).bytes(), source, destination, body]);
  }
  const header = (sum: number) =>
    new Writer()
      .u16(0x4500)
      .u16(20 + body.length)
      .u16(number)
      .u16(0)
      .u8(64)
      .u8(protocol)
      .u16(sum)
      .raw(source)
      .raw(destination)
      .bytes();
  return concat([header(checksum([header(0)])), body]);
}

/** Its number. */
export function numberOf(packet: Uint8Array): number {
  const view = new DataView(packet.buffer, packet.byteOffset);
  return view.getUint8(0) >> 4 === 4 ? view.getUint16(4) : view.getUint32(0) & 0xfffff;
}

export interface Parts extends Ends {
  protocol: number;
  /** Behind the IP header, which has no options. */
  body: Uint8Array;
}

export function partsOf(packet: Uint8Array): Parts {
  const is4 = (packet[0] ?? 0) >> 4 === 4;
  const [at, bytes, header] = is4 ? [12, 4, 20] : [8, 16, 40];
  return {
    source: packet.slice(at, at + bytes),
    destination: packet.slice(at + bytes, at + 2 * bytes),
    protocol: packet[is4 ? 9 : 6] ?? 0,
    body: packet.slice(header),
  };
}

/** Two bytes of a body: a port, or the identifier of an echo. */
export const shortAt = (body: Uint8Array, at: number): number => ((body[at] ?? 0) << 8) | (body[at + 1] ?? 0);

export interface Segment {
  sourcePort: number;
  destinationPort: number;
  seq: number;
  ack: number;
  flags: number;
  bytes: number;
}

export function tcp(ends: Ends, segment: Segment): Uint8Array {
  const { sourcePort, destinationPort, seq, ack, flags, bytes } = segment;
  const body = new Writer().u16(sourcePort).u16(destinationPort).u32(seq).u32(ack);
  body.u8(0x50).u8(flags).u16(0xffff).u32(0).raw(new Uint8Array(bytes));
  return withSum(ends, TCP, body.bytes(), 16);
}

export function udp(ends: Ends, sourcePort: number, destinationPort: number): Uint8Array {
  const body = new Writer().u16(sourcePort).u16(destinationPort).u16(16).u16(0).raw(new Uint8Array(8));
  return withSum(ends, UDP, body.bytes(), 6);
}

/** `rest`: what is behind type, code and checksum. */
export function icmp(ends: Ends, type: number, code: number, rest: Uint8Array): Uint8Array {
  return withSum(ends, icmpOf(ends), concat([Uint8Array.of(type, code, 0, 0), rest]), 2);
}

export function echo(ends: Ends, isRequest: boolean, identifier: number, sequence: number): Uint8Array {
  const type = ends.source.length === 4 ? (isRequest ? 8 : 0) : isRequest ? 128 : 129;
  return icmp(ends, type, 0, new Writer().u16(identifier).u16(sequence).u32(0).bytes());
}

/** Writes its checksum into a body at byte `at`. */
function withSum(ends: Ends, protocol: number, body: Uint8Array, at: number): Uint8Array {
  const pseudo = new Writer().raw(ends.source).raw(ends.destination).u16(protocol).u16(body.length);
  const sum = checksum(protocol === 1 ? [body] : [pseudo.bytes(), body]);
  new DataView(body.buffer).setUint16(at, protocol === UDP && sum === 0 ? 0xffff : sum);
  return body;
}
