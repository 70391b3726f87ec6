// Describes the headers in the first bytes of a frame. The frame may go on behind them, so it is parsed with two different
// fillings: what both agree on is known.
import { formatCidr } from '../../addresses/format.js';
import type { Cidr } from '../../addresses/cidr.js';
import type { PacketHeaders } from '../../model/sample.js';
import { describePacket, flagNames, formatMac, protocolName } from './describe.js';
import { type IpFields, type LinkFields, type Parsed, parseFrame } from './parse.js';

/** No frame is longer; a length beyond it is not believed. */
const LONGEST_FRAME = 1 << 18;
/** The first makes a TCP header that is whole: what both find malformed is so in what was kept. */
const FILLINGS = [0x50, 0xff];

/** `length`: bytes of the whole frame. Never throws, whatever the bytes are. */
export function readHeaders(kept: Uint8Array, length: number): PacketHeaders {
  const parsed = parseKept(kept, length);
  if (parsed === undefined) return { shape: 'cut', ...macs(kept) };
  if (parsed.shape === 'malformed') return { shape: 'malformed', ...macs(kept) };
  const { fields } = parsed;
  return parsed.shape === 'ip' ? ipHeaders(parsed.fields) : { shape: 'non-ip', ...linkHeaders(fields) };
}

/** The same as one line: `tcp 192.0.2.1:1024 -> 198.51.100.7:22 SYN`. Never throws. */
export function describeFrame(kept: Uint8Array, length: number): string {
  const parsed = parseKept(kept, length);
  if (parsed === undefined || parsed.shape === 'malformed') {
    const what = parsed === undefined ? 'headers beyond what was kept' : 'malformed';
    const { etherType, sourceMac } = macs(kept);
    const type = etherType === undefined ? '' : `, etherType 0x${etherType.toString(16).padStart(4, '0')}`;
    return `${what}${type}${sourceMac === undefined ? '' : ` from ${sourceMac}`}`;
  }
  const { vlan, etherType, sourceMac, destinationMac } = parsed.fields;
  const tags = vlan === 'none' ? {} : { vlan: [vlan] };
  if (parsed.shape === 'non-ip') return describePacket({ ...tags, etherType, sourceMac, destinationMac });
  const { family, protocol, fragment, ttl, dscp, source, destination } = parsed.fields;
  const ends = { source: toCidr(source), destination: toCidr(destination) };
  return describePacket({
    ...tags,
    ...ends,
    ...transport(parsed.fields),
    family,
    protocol,
    fragment,
    ttl,
    dscp,
  });
}

/** `undefined` when the answer lies in what was not kept. */
export function parseKept(kept: Uint8Array, length: number): Parsed | undefined {
  if (kept.length >= length) return parseFrame(kept);
  const [likely, unlikely] = FILLINGS.map((filling) => {
    const whole = new Uint8Array(Math.min(length, LONGEST_FRAME)).fill(filling, kept.length);
    whole.set(kept);
    return parseFrame(whole);
  }) as [Parsed, Parsed];
  return JSON.stringify(likely) === JSON.stringify(unlikely) ? likely : undefined;
}

function ipHeaders(fields: IpFields): PacketHeaders {
  const { family, protocol, fragment, ttl, source, destination } = fields;
  const { tcpFlags, ...numbers } = transport(fields);
  return {
    shape: 'ip',
    ...linkHeaders(fields),
    family,
    protocol: protocolName(protocol),
    source: formatCidr(toCidr(source)),
    destination: formatCidr(toCidr(destination)),
    ...numbers,
    ...(tcpFlags !== undefined && { tcpFlags: flagNames(tcpFlags) }),
    ...(fragment !== 'none' && { fragment }),
    ttl,
  };
}

type Transport = Pick<IpFields, 'sourcePort' | 'destinationPort' | 'tcpFlags' | 'icmpType' | 'icmpCode'>;

/** Those that the packet has. */
function transport({ sourcePort, destinationPort, tcpFlags, icmpType, icmpCode }: IpFields): Transport {
  return {
    ...(sourcePort !== undefined && { sourcePort }),
    ...(destinationPort !== undefined && { destinationPort }),
    ...(tcpFlags !== undefined && { tcpFlags }),
    ...(icmpType !== undefined && { icmpType }),
    ...(icmpCode !== undefined && { icmpCode }),
  };
}

function linkHeaders({ vlan, etherType, sourceMac, destinationMac }: LinkFields): Partial<PacketHeaders> {
  return {
    etherType,
    ...(vlan !== 'none' && { vlan }),
    sourceMac: formatMac(sourceMac),
    destinationMac: formatMac(destinationMac),
  };
}

/** Of a frame that cannot be read any further: nobody forges those by accident. */
function macs(frame: Uint8Array): Partial<PacketHeaders> {
  if (frame.length < 14) return {};
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const mac = (at: number): string => formatMac(view.getUint16(at) * 0x1_0000_0000 + view.getUint32(at + 2));
  return { etherType: view.getUint16(12), sourceMac: mac(6), destinationMac: mac(0) };
}

function toCidr(bytes: Uint8Array): Cidr {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at: number): number => (at < bytes.length ? view.getUint32(at) : 0);
  const family = bytes.length === 4 ? 4 : 6;
  return { family, a: word(0), b: word(4), c: word(8), d: word(12), length: bytes.length * 8 };
}
