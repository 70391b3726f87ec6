// The reference on streams that Linux has merged to more than a length field can say (BIG TCP): they are whole, and nothing shorter is.
import { expect, test } from 'vitest';
import { LONGEST_PACKET, parseFrame } from '../../../src/policy/packet/parse.js';

const ETHERNET = 14;
const [TCP, UDP, HOP_BY_HOP] = [6, 17, 0];

/** A frame whose IP packet has so many bytes, and 0 in its length field. Ports are 1000 and 443. */
function frame(family: 4 | 6, bytes: number, protocol = TCP, jumbo = false): Uint8Array {
  const made = new DataView(new ArrayBuffer(ETHERNET + bytes));
  made.setUint16(12, family === 4 ? 0x0800 : 0x86dd);
  made.setUint8(ETHERNET, family === 4 ? 0x45 : 0x60);
  made.setUint8(ETHERNET + (family === 4 ? 9 : 6), jumbo ? HOP_BY_HOP : protocol);
  let at = ETHERNET + (family === 4 ? 20 : 40);
  if (jumbo) {
    made.setUint8(at, protocol);
    made.setUint16(at + 2, 0xc204); // RFC 2675
    made.setUint32(at + 4, bytes - 40);
    at += 8;
  }
  made.setUint16(at, 1000);
  made.setUint16(at + 2, 443);
  if (protocol === TCP) made.setUint8(at + 12, 5 << 4);
  return new Uint8Array(made.buffer);
}

const MERGED = { shape: 'ip', fields: { destinationPort: 443, length: LONGEST_PACKET } };

test.each([
  ['IPv4', frame(4, LONGEST_PACKET + 1)],
  ['IPv6', frame(6, 40 + LONGEST_PACKET + 1)],
  ['IPv6 with a jumbo option', frame(6, 40 + LONGEST_PACKET + 1, TCP, true)],
])('%s without a length, longer than one can say: as long as its frame', (_, bytes) => {
  expect(parseFrame(bytes)).toMatchObject(MERGED);
});

test.each([
  ['IPv4 that a length could say', frame(4, LONGEST_PACKET)],
  ['IPv4 of UDP, which is not merged', frame(4, LONGEST_PACKET + 1, UDP)],
  ['IPv6 that a length could say', frame(6, 40 + LONGEST_PACKET)],
])('%s: malformed', (_, bytes) => {
  expect(parseFrame(bytes)).toEqual({ shape: 'malformed' });
});
