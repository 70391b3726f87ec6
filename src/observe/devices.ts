// What decides how a program is attached to each interface beside the program: the largest packet that may come in, and which
// interfaces are stacked above it. Asked of rtnetlink at once for all; the driver is asked only where packets are large.
import { framingOf } from '../kernel/framing.js';
import { xdpFeatures } from '../kernel/netdev.js';
import { isStackedOnParent, type Link, listLinks, mtuElsewhere } from '../kernel/rtnetlink.js';
import { type ObservedDevice, type ObservedInterface, ONE_BUFFER } from '../model/observed.js';

export function withDevices(interfaces: readonly ObservedInterface[]): ObservedInterface[] {
  const links = new Map(listLinks().map((link) => [link.ifindex, link]));
  const above = stacksOf(links);
  return interfaces.map((one) => {
    const link = links.get(one.ifindex);
    if (!link) return one;
    const framing = framingOf(link);
    const device = deviceOf(link, links, above.get(one.ifindex) ?? []);
    const { altnames } = link;
    return { ...one, ...(altnames && { altnames }), ...(framing && { framing }), device };
  });
}

function deviceOf(link: Link, links: ReadonlyMap<number, Link>, above: string[]): ObservedDevice {
  const largest = Math.max(link.mtu, peerMtu(link, links) ?? 0);
  const features = largest > ONE_BUFFER ? xdpFeatures(link.ifindex) : undefined;
  return { largest, ...(features && { frags: features.fragments }), above };
}

/** The other end of a veth pair sends what its own MTU allows. */
function peerMtu(
  { kind, parent, peerElsewhere }: Link,
  links: ReadonlyMap<number, Link>,
): number | undefined {
  if (peerElsewhere) return mtuElsewhere(peerElsewhere);
  return kind === 'veth' && parent !== undefined ? links.get(parent)?.mtu : undefined;
}

/** Ifindex -> whom the kernel asks for programs before it attaches one there (dev_xdp_attach() in net/core/dev.c). */
function stacksOf(links: ReadonlyMap<number, Link>): Map<number, string[]> {
  const above = new Map<number, string[]>();
  const put = (below: number, name: string) => above.set(below, [...(above.get(below) ?? []), name]);
  for (const link of links.values()) {
    const bridge = link.master === undefined ? undefined : links.get(link.master);
    if (bridge) put(link.ifindex, bridge.name);
    if (link.parent !== undefined && (isStackedOnParent(link) || link.kind === 'macsec'))
      put(link.parent, link.name);
  }
  return above;
}
