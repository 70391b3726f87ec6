// What becomes of a rejected packet, byte by byte, written from the RFCs beside bpf/reject.h: the frame that is sent back, or none.
import { type RejectCode, REJECT_CODES } from '../../src/model/policy.js';
import type { Decision } from '../../src/policy/evaluate.js';
import { checksum, concat, Writer } from '../../src/policy/packet/bytes.js';
import { EXTENSION_PROTOCOLS, extensionBytes, FRAGMENT_HEADER } from '../../src/policy/packet/parse.js';
import { parseFrame } from '../../src/policy/packet/parse.js';

const [ICMP, TCP, ICMPV6] = [1, 6, 58];
const [FIN, SYN, RST, ACK] = [1, 2, 4, 16];
/** Of ICMP and of ICMPv6 what may be answered: echo requests and replies. */
const ECHO: Record<number, number[]> = { [ICMP]: [0, 8], [ICMPV6]: [128, 129] };
const QUOTE = 256;

interface Ends {
  six: boolean;
  source: Uint8Array;
  destination: Uint8Array;
}

/** `undefined` where nothing may be sent back. The rate is not exceeded. */
export function answerTo(frame: Uint8Array, code: RejectCode): Uint8Array | undefined {
  const parsed = parseFrame(frame);
  if (parsed.shape !== 'ip' || parsed.fields.fragment === 'later') return undefined;
  if (((frame[0] ?? 0) | (frame[6] ?? 0)) & 1) return undefined;
  const link = linkBytes(frame);
  const view = new DataView(frame.buffer, frame.byteOffset + link, frame.byteLength - link);
  const six = parsed.fields.family === 6;
  const packet = frame.subarray(link, link + (six ? 40 + view.getUint16(4) : view.getUint16(2)));
  const ends = {
    six,
    source: six ? packet.subarray(8, 24) : packet.subarray(12, 16),
    destination: six ? packet.subarray(24, 40) : packet.subarray(16, 20),
  };
  if (!isHost(ends.source) || !isHost(ends.destination)) return undefined;
  if (Buffer.compare(ends.source, ends.destination) === 0) return undefined;
  const [protocol, at] = six ? behindExtensions(packet) : [packet[9] ?? 0, ((packet[0] ?? 0) & 15) * 4];
  const back = concat([frame.subarray(6, 12), frame.subarray(0, 6), frame.subarray(12, link)]);
  if (protocol === TCP) {
    const reset = parsed.fields.fragment === 'none' ? resetFor(packet.subarray(at), ends) : undefined;
    const whole = reset && concat([back, ip(ends, TCP, 0, reset), reset]);
    const padding = whole && frame.length >= 60 ? Math.max(0, 60 - whole.length) : 0;
    return whole && concat([whole, new Uint8Array(padding)]);
  }
  if (protocol === (six ? ICMPV6 : ICMP) && !ECHO[protocol]?.includes(packet[at] ?? 0)) return undefined;
  const error = errorAbout(packet.subarray(0, QUOTE), ends, code);
  return concat([back, ip(ends, six ? ICMPV6 : ICMP, 0xc0, error), error]);
}

/** What is returned: a rejected packet is answered where it may be. */
export function doneWith({ verdict, action }: Decision, frame: Uint8Array): string {
  if (verdict !== 'reject' || action.kind !== 'reject') return verdict;
  return answerTo(frame, action.icmp) ? 'tx' : 'drop';
}

function linkBytes(frame: Uint8Array): number {
  let at = 12;
  while ([0x8100, 0x88a8].includes(((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0))) at += 4;
  return at + 2;
}

/** An address of one host, on a wire. */
function isHost(address: Uint8Array): boolean {
  const first = address[0] ?? 0;
  if (address.length === 4) return first !== 0 && first !== 127 && first < 224;
  const isLow = address.subarray(0, 8).every((byte) => byte === 0);
  const middle = Buffer.from(address.subarray(8, 12)).toString('hex');
  return first !== 0xff && !(isLow && ['00000000', '0000ffff'].includes(middle));
}

function behindExtensions(packet: Uint8Array): [protocol: number, at: number] {
  let [protocol, at] = [packet[6] ?? 0, 40];
  while (EXTENSION_PROTOCOLS.includes(protocol)) {
    const bytes = protocol === FRAGMENT_HEADER ? 8 : extensionBytes(protocol, packet[at + 1] ?? 0);
    [protocol, at] = [packet[at] ?? 0, at + bytes];
  }
  return [protocol, at];
}

/** RFC 9293, 3.10.7.1. */
function resetFor(segment: Uint8Array, ends: Ends): Uint8Array | undefined {
  const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength);
  const flags = view.getUint8(13);
  if (flags & RST) return undefined;
  const data = segment.length - (view.getUint8(12) >> 4) * 4;
  const length = data + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0);
  const [seq, ack] = flags & ACK ? [view.getUint32(8), 0] : [0, (view.getUint32(4) + length) >>> 0];
  const header = new Writer().raw(segment.subarray(2, 4)).raw(segment.subarray(0, 2)).u32(seq).u32(ack);
  const bytes = header
    .u8(0x50)
    .u8(flags & ACK ? RST : RST | ACK)
    .u16(0)
    .u32(0)
    .bytes();
  new DataView(bytes.buffer).setUint16(16, checksum([pseudo(ends, TCP, bytes.length), bytes]));
  return bytes;
}

function errorAbout(quote: Uint8Array, ends: Ends, code: RejectCode): Uint8Array {
  const { icmp, icmpv6 } = REJECT_CODES[code];
  const head = ends.six ? new Writer().u8(1).u8(icmpv6) : new Writer().u8(3).u8(icmp);
  const bytes = head.u16(0).u32(0).raw(quote).bytes();
  const parts = ends.six ? [pseudo(ends, ICMPV6, bytes.length), bytes] : [bytes];
  new DataView(bytes.buffer).setUint16(2, checksum(parts));
  return bytes;
}

function pseudo({ source, destination }: Ends, protocol: number, bytes: number): Uint8Array {
  return new Writer().raw(destination).raw(source).u32(bytes).u32(protocol).bytes();
}

/** From the packet's destination to its source. */
function ip(
  { six, source, destination }: Ends,
  protocol: number,
  tos: number,
  behind: Uint8Array,
): Uint8Array {
  if (six) {
    const header = new Writer()
      .u32(0x60000000 + tos * 2 ** 20)
      .u16(behind.length)
      .u8(protocol)
      .u8(64);
    return header.raw(destination).raw(source).bytes();
  }
  const header = new Writer()
    .u8(0x45)
    .u8(tos)
    .u16(20 + behind.length)
    .u16(0)
    .u16(0x4000)
    .u8(64)
    .u8(protocol);
  const bytes = header.u16(0).raw(destination).raw(source).bytes();
  new DataView(bytes.buffer).setUint16(10, checksum([bytes]));
  return bytes;
}
