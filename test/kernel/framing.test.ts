// Where packets begin for XDP, by what rtnetlink says of a link.
import { expect, it } from 'vitest';
import { framingOf } from '../../src/kernel/framing.js';

const BASE = { ifindex: 5, name: 'x', loopback: false, mtu: 1500 };
const HOST = Buffer.from([192, 0, 2, 1]);

it.each([
  ['hardware', { type: 1 }],
  ['veth', { type: 1, kind: 'veth' }],
  ['dummy', { type: 1, kind: 'dummy' }],
  ['tap', { type: 1, kind: 'tun' }],
  ['gretap', { type: 1, kind: 'gretap' }],
  ['loopback', { type: 772 }],
])('%s: with an Ethernet header', (_name, link) => {
  expect(framingOf({ ...BASE, ...link })).toBeUndefined();
});

it.each([
  ['tun', { type: 0xfffe, kind: 'tun' }],
  ['WireGuard', { type: 0xfffe, kind: 'wireguard' }],
  ['IP in IP', { type: 768, kind: 'ipip' }],
  ['IP in IPv6', { type: 769, kind: 'ip6tnl' }],
  ['IPv6 in IPv4', { type: 776, kind: 'sit' }],
  ['GRE to one host', { type: 778, kind: 'gre', remote: HOST }],
  ['GRE in IPv6', { type: 823, kind: 'ip6gre' }],
  ['PPP', { type: 512, kind: 'ppp' }],
])('%s: with the IP header', (_name, link) => {
  expect(framingOf({ ...BASE, ...link })).toBe('ip');
});

it.each([
  ['GRE to anybody', { type: 778, kind: 'gre', remote: Buffer.alloc(4) }, "the tunnel's own header"],
  [
    'GRE to a group',
    { type: 778, kind: 'gre', remote: Buffer.from([239, 0, 0, 1]) },
    "the tunnel's own header",
  ],
  ['IPsec', { type: 0xfffe, kind: 'xfrm' }, 'that the packet came in'],
  ['vti', { type: 768, kind: 'vti', remote: HOST }, 'that the packet came in'],
  ['InfiniBand', { type: 32 }, 'does not know'],
  ['CAN', { type: 280, kind: 'vcan' }, 'does not know'],
  ['a modem', { type: 0xfffe }, 'does not know'],
])('%s: refused', (_name, link, why) => {
  expect(framingOf({ ...BASE, ...link })).toMatchObject({ unknown: expect.stringContaining(why) as string });
});
