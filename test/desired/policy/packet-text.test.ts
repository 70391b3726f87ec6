import { expect, it } from 'vitest';
import { parsePacket } from '../../../src/desired/policy/packet-text.js';
import { UsageError } from '../../../src/model/errors.js';

it('takes the fields of a test, with braces or without', () => {
  const packet = parsePacket('{protocol: tcp, source: 10.0.0.1, destinationPort: 22}');
  expect(packet).toEqual({
    protocol: 6,
    source: { family: 4, a: 0x0a000001, b: 0, c: 0, d: 0, length: 32 },
    destinationPort: 22,
  });
  expect(parsePacket(' protocol: tcp, source: 10.0.0.1, destinationPort: 22 ')).toEqual(packet);
  expect(parsePacket('')).toEqual({});
  expect(parsePacket('length: 40')).toEqual({ length: 40 });
});

it.each([
  [
    'destinationProt: 22',
    '"destinationProt" is none of the fields here: family, protocol',
    'Did you mean "destinationPort"?',
  ],
  [
    'destinationPort: 99999',
    '`destinationPort` must be a whole number from 0 to 65535',
    'Write it like `destinationPort: [80, 443, 8000-8999]`.',
  ],
  ['vlan: [1, 2, 3]', '`vlan` must be one id or two', ''],
  ['etherType: 0x8100, vlan: [5, 6]', '`etherType` is that of a VLAN tag', 'as `vlan`'],
  ['length: 39', '`length` must be 40 at least: its headers', ''],
  ['family: 6, protocol: udp, fragment: first, length: 55, vlan: 5', '`length` must be 56 at least', ''],
  ['protocol: udp, tcpFlags: {syn: true}', '`tcpFlags`', ''],
  ['{protocol: tcp', 'Flow map', ''],
  ['protocol: tcp, protocol: udp', '"protocol" stands here a second time', 'Keep one of the two.'],
  ['[]', 'not a packet: ', ''],
  ['a: &x 1', 'YAML anchors are not supported', ''],
])('%s: %s', (text, message, hint) => {
  const refused = (() => {
    try {
      return parsePacket(text);
    } catch (error) {
      return error;
    }
  })();
  expect(refused).toBeInstanceOf(UsageError);
  expect((refused as UsageError).message).toContain(message);
  expect((refused as UsageError).hint).toContain(hint);
});
