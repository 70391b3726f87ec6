import { expect, it } from 'vitest';
import { parsePacket } from '../../../src/desired/policy/packet-text.js';
import { describePacket } from '../../../src/policy/packet/describe.js';
import { buildPacket } from '../../../src/policy/packet/build-packet.js';
import { samplesOf } from '../../../src/policy/packet/sample-packets.js';
import { writePacket } from '../../../src/policy/packet/written-packet.js';
import { rounds } from '../../support/budget.js';
import { Random, randomMatch } from '../random.js';

it.each([
  ['{}', 'tcp * -> *'],
  ['source: 10.0.0.1, destinationPort: 22', 'tcp 10.0.0.1 -> *:22'],
  ['{source: "2001:db8::1", destination: "::", sourcePort: 1}', 'tcp [2001:db8::1]:1 -> ::'],
  ['source: 2001:db8:0:1:0:0:0:1', 'tcp 2001:db8:0:1::1 -> *'],
  ['protocol: icmpv6, icmpType: echo-request, icmpCode: 0', 'icmpv6 ipv6 * -> * type 128 code 0'],
  ['protocol: 99, fragment: later, length: 60', 'protocol 99 * -> * later fragment length 60'],
  ['ipv4Options: 8, destinationPort: 22', 'tcp * -> *:22 options 8'],
  ['family: 6, extensions: [routing, {kind: ah, bytes: 16}]', 'tcp ipv6 * -> * behind routing, ah'],
  ['tcpFlags: {syn: true, ack: true}, ttl: 64, dscp: 0', 'tcp * -> * SYN+ACK'],
  ['tcpFlags: {}, ttl: 1, dscp: 46', 'tcp * -> * no flags ttl 1 dscp 46'],
  ['vlan: [5, 6], sourceMac: "02:00:00:00:00:02"', 'tcp * -> * vlan 5 vlan 6'],
  ['etherType: arp, destinationMac: "ff:ff:ff:ff:ff:ff"', 'frame etherType 0x0806 to ff:ff:ff:ff:ff:ff'],
])('%s is %s', (packet, words) => {
  expect(describePacket(parsePacket(packet))).toBe(words);
});

it('a packet is written as it would be read', () => {
  const random = new Random(3);
  for (let round = 0; round < rounds(300); round++) {
    const packet = samplesOf(randomMatch(random))[0]?.packet;
    if (!packet) continue;
    const again = parsePacket(JSON.stringify(writePacket(packet)));
    expect(buildPacket(again)).toEqual(buildPacket(packet));
  }
});
