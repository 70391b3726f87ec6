import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeFrame, readHeaders } from '../../../src/policy/packet/headers.js';
import { buildPacket } from '../../../src/policy/packet/build-packet.js';
import { ip } from '../../lab/traffic.js';

const PACKET = {
  protocol: 6,
  source: ip('203.0.113.9'),
  destination: ip('192.0.2.1'),
  sourcePort: 40000,
  destinationPort: 443,
  tcpFlags: 18,
};

it('says what the headers of a frame say, in words and as fields', () => {
  const frame = buildPacket({ ...PACKET, vlan: [7] });
  expect(describeFrame(frame, frame.length)).toBe('tcp 203.0.113.9:40000 -> 192.0.2.1:443 SYN+ACK vlan 7');
  expect(readHeaders(frame, frame.length)).toEqual({
    shape: 'ip',
    etherType: 0x0800,
    vlan: 7,
    sourceMac: '02:00:00:00:00:02',
    destinationMac: '02:00:00:00:00:01',
    family: 4,
    protocol: 'tcp',
    source: '203.0.113.9',
    destination: '192.0.2.1',
    sourcePort: 40000,
    destinationPort: 443,
    tcpFlags: ['SYN', 'ACK'],
    ttl: 64,
  });
});

it.each([
  [
    { protocol: 58, source: ip('2001:db8::1'), destination: ip('2001:db8::2') },
    'icmpv6 2001:db8::1 -> 2001:db8::2 type 128 code 0 ttl 255',
  ],
  [{ ...PACKET, fragment: 'later' as const }, 'tcp 203.0.113.9 -> 192.0.2.1 later fragment'],
  [{ etherType: 0x0806 }, 'frame etherType 0x0806'],
])('describes %o', (packet, words) => {
  const frame = buildPacket(packet);
  expect(describeFrame(frame, frame.length)).toBe(words);
});

it('knows the headers of a long frame from its beginning', () => {
  const frame = buildPacket({ ...PACKET, length: 1400 });
  expect(readHeaders(frame.subarray(0, 128), frame.length)).toEqual(readHeaders(frame, frame.length));
});

it('says nothing that lies behind what was kept', () => {
  const extensions = [{ kind: 'destination-options' as const, bytes: 128 }];
  const frame = buildPacket({ family: 6, protocol: 6, destinationPort: 443, extensions });
  expect(readHeaders(frame.subarray(0, 128), frame.length)).toMatchObject({
    shape: 'cut',
    etherType: 0x86dd,
  });
  expect(describeFrame(frame.subarray(0, 128), frame.length)).toContain('headers beyond what was kept');
  expect(readHeaders(frame, frame.length)).toMatchObject({ destinationPort: 443 });
});

it('does not believe the addresses of a malformed frame', () => {
  const broken = buildPacket(PACKET).subarray(0, 40);
  expect(readHeaders(broken, broken.length)).toEqual({
    shape: 'malformed',
    etherType: 0x0800,
    sourceMac: '02:00:00:00:00:02',
    destinationMac: '02:00:00:00:00:01',
  });
});

it('takes any bytes and any length, and says one line', () => {
  const bytes = fc.uint8Array({ maxLength: 128 });
  fc.assert(
    fc.property(bytes, fc.nat(0xffffffff), fc.boolean(), (frame, beyond, looksLikeIp) => {
      if (looksLikeIp && frame.length > 14) frame.set([8, 0, 0x45], 12);
      const length = frame.length + beyond;
      expect(describeFrame(frame, length)).toMatch(/^[^\n]+$/);
      expect(readHeaders(frame, length).shape).toMatch(/^(ip|non-ip|malformed|cut)$/);
    }),
  );
});
