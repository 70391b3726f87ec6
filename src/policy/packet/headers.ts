// Describes the headers of a frame of which only the first bytes were captured. The missing bytes are unknown, so the frame is parsed with
// two different fillings: what both results agree on does not depend on them.
import type { PacketDescription } from '../../model/policy.js';
import type { PacketHeaders } from '../../model/sample.js';
import { describePacket } from './describe.js';
import { formatEtherType } from '../fields/ether-type.js';
import type { PacketFields } from '../fields/field.js';
import { forEachField, readFields } from '../fields/registry.js';
import { type Parsed, parseFrame } from './parse.js';

/** The longest possible frame; a larger length is cut to it. */
const LONGEST_FRAME = 1 << 18;
/** The first one makes a complete TCP header: a frame that is malformed with both is malformed in its captured bytes. */
const FILLINGS = [0x50, 0xff];
const ETHERNET_BYTES = 14;

/** `length`: bytes of the whole frame. Never throws, whatever the bytes are. */
export function readHeaders(kept: Uint8Array, length: number): PacketHeaders {
  const parsed = parseKept(kept, length);
  if (parsed === undefined) return { shape: 'cut', ...report(linkFields(kept)) };
  if (parsed.shape === 'malformed') return { shape: 'malformed', ...report(linkFields(kept)) };
  return { shape: parsed.shape, ...report(parsed.fields) };
}

/** Like `readHeaders`, as one line: `tcp 192.0.2.1:1024 -> 198.51.100.7:22 SYN`. Never throws. */
export function describeFrame(kept: Uint8Array, length: number): string {
  const parsed = parseKept(kept, length);
  if (parsed === undefined || parsed.shape === 'malformed') {
    const what = parsed === undefined ? 'headers beyond what was kept' : 'malformed';
    const { etherType, sourceMac } = report(linkFields(kept));
    const type = etherType === undefined ? '' : `, etherType ${formatEtherType(etherType)}`;
    return `${what}${type}${sourceMac === undefined ? '' : ` from ${sourceMac}`}`;
  }
  const { sourceMac, destinationMac, ...rest } = describe(parsed.fields);
  if (parsed.shape === 'ip') return describePacket(rest); // MAC addresses are of interest only where there is no IP packet
  return describePacket({
    ...rest,
    ...(sourceMac !== undefined && { sourceMac }),
    ...(destinationMac !== undefined && { destinationMac }),
  });
}

/** Parses a frame by its captured bytes; `undefined` when the result depends on bytes that were not captured. */
export function parseKept(kept: Uint8Array, length: number): Parsed | undefined {
  if (kept.length >= length) return parseFrame(kept);
  const [likely, unlikely] = FILLINGS.map((filling) => {
    const whole = new Uint8Array(Math.min(length, LONGEST_FRAME)).fill(filling, kept.length);
    whole.set(kept);
    return parseFrame(whole);
  }) as [Parsed, Parsed];
  return JSON.stringify(likely) === JSON.stringify(unlikely) ? likely : undefined;
}

function report(values: PacketFields): Partial<PacketHeaders> {
  const headers: Record<string, unknown> = {};
  forEachField((name, field) => {
    const value = values[name];
    const said = value === undefined ? undefined : field.report(value);
    if (said !== undefined) headers[name] = said;
  });
  return headers;
}

function describe(values: PacketFields): PacketDescription {
  const packet: PacketDescription = {};
  forEachField((name, field) => {
    const value = values[name];
    const said = value === undefined ? undefined : field.describe(value);
    if (said !== undefined) packet[name] = said;
  });
  return packet;
}

/** The fields of the Ethernet header, of a frame whose other headers cannot be read. */
function linkFields(frame: Uint8Array): PacketFields {
  if (frame.length < ETHERNET_BYTES) return {};
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  return readFields({ frame: view, vlan: 'none', etherType: view.getUint16(12) });
}
