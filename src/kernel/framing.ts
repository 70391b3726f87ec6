// Which header XDP sees first on an interface: Ethernet, IP, or another one. That depends on the driver, and is known for the kinds
// named here; on any other kind a policy would read the wrong bytes. Sources: uapi/linux/if_arp.h;
// skb_reset_mac_header() and its like in the receive paths of drivers/net/{tun,wireguard,ppp}, net/ipv4/{ipip,ip_gre}.c,
// net/ipv6/{sit,ip6_tunnel,ip6_gre}.c as of Linux 5.14, net/xfrm/xfrm_input.c.
import type { Framing } from '../model/observed.js';
import type { Link } from './rtnetlink.js';

const ARPHRD = {
  ...{ ether: 1, ppp: 512, tunnel: 768, tunnel6: 769, loopback: 772 },
  ...{ sit: 776, ipgre: 778, ip6gre: 823, none: 0xfffe },
};

/** Link type (ARPHRD_*) -> kinds of interfaces of that type whose packets begin with the IP header. */
const BEGIN_WITH_IP: ReadonlyMap<number, readonly string[]> = new Map([
  [ARPHRD.none, ['tun', 'wireguard']],
  [ARPHRD.ppp, ['ppp']],
  [ARPHRD.tunnel, ['ipip']],
  [ARPHRD.tunnel6, ['ip6tnl']],
  [ARPHRD.sit, ['sit']],
  [ARPHRD.ipgre, ['gre']],
  [ARPHRD.ip6gre, ['ip6gre']],
]);

const IPSEC: readonly string[] = ['vti', 'vti6', 'xfrm'];

/** `undefined` means an Ethernet header; `unknown` is the reason, a predicate of which the interface is the subject. */
export function framingOf({ type, kind = '', remote }: Link): Framing | undefined {
  if (type === ARPHRD.ether || type === ARPHRD.loopback) return undefined;
  const what = `is of kind ${kind || 'unknown'} (link type ${type}, no Ethernet)`;
  if (IPSEC.includes(kind))
    return { unknown: `${what}, and XDP sees the header of the frame that the packet came in` };
  if (!BEGIN_WITH_IP.get(type)?.includes(kind))
    return { unknown: `${what}, and xdpkeep does not know which header XDP sees first on it` };
  if (kind === 'gre' && !isOneHost(remote))
    return { unknown: `${what} without one remote end, and XDP sees the tunnel's own header` };
  return 'ip';
}

/** Is the remote end one IPv4 host, neither 0.0.0.0 nor multicast? All others have ipgre_header_ops (net/ipv4/ip_gre.c). */
function isOneHost(remote: Buffer | undefined): boolean {
  return remote?.length === 4 && remote.readUInt32BE() !== 0 && (remote.readUInt8(0) & 0xf0) !== 0xe0;
}
