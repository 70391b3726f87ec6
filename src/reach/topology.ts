// How the interfaces of this host are stacked. XDP runs where a packet comes in: for an address of a bridge, bond or VLAN
// first on the interface below, for an address of the loopback on the interface that leads to the sender.
import { hidesTags as hidesTagsOf } from '../kernel/device.js';
import {
  interfaceTowards,
  isStackedOnParent,
  type Link,
  listLinks,
  listNeighbours,
  type Neighbour,
} from '../kernel/rtnetlink.js';
import type { Flow } from '../model/flow.js';
import type { Cidr } from '../addresses/cidr.js';

/** So many tags are looked through. */
const MOST_TAGS = 2;

export class Topology {
  readonly #links: readonly Link[];
  readonly #neighbours: readonly Neighbour[];

  /** As this host is, unless told otherwise. */
  constructor(
    links: readonly Link[] = listLinks(),
    neighbours: readonly Neighbour[] = listNeighbours(),
    private readonly hidesTags: (ifindex: number) => boolean = hidesTagsOf,
  ) {
    this.#links = links;
    this.#neighbours = neighbours;
  }

  /** MAC address (a number) of a neighbour, where it is known. */
  macOf(name: string, address: Cidr): number | undefined {
    const wanted = bytesOf(address);
    const link = this.#named(name);
    return this.#neighbours.find(
      (one) => one.ifindex === link?.ifindex && one.address?.equals(wanted) === true,
    )?.mac;
  }

  /** Do packets from elsewhere come in there? Not on the loopback, nor on a dummy. */
  isWire(name: string): boolean {
    const link = this.#named(name);
    return link !== undefined && !link.loopback && link.kind !== 'dummy';
  }

  /** The interface by which answers to somebody leave. */
  towards(address: Cidr): { interface: string; mac: number } | undefined {
    const ifindex = interfaceTowards(bytesOf(address));
    const link = this.#links.find((one) => one.ifindex === ifindex);
    return link && this.isWire(link.name) ? { interface: link.name, mac: link.mac ?? 0 } : undefined;
  }

  /** The flow as it is on its own interface, and on each one below by which it may have come. */
  arrivals(flow: Flow): Flow[] {
    const link = this.#named(flow.interface);
    return link ? [flow, ...this.#below(flow, link, ` (for ${link.name})`)] : [flow];
  }

  #below(flow: Flow, upper: Link, whom: string): Flow[] {
    const why = flow.why.endsWith(whom) ? flow.why : flow.why + whom;
    const members = this.#membersOf(upper, flow.packet.sourceMac).map((link) => ({ link, flow }));
    const parent = isStackedOnParent(upper)
      ? this.#links.find(({ ifindex }) => ifindex === upper.parent)
      : undefined;
    const vlan = [...(upper.vlan === undefined ? [] : [upper.vlan]), ...(flow.packet.vlan ?? [])];
    if (parent && vlan.length <= MOST_TAGS) {
      const packet = { ...flow.packet, ...(vlan.length > 0 && { vlan }) };
      members.push({ link: parent, flow: { ...flow, packet } });
      // Whether a tag is taken off can change at any time: the flow has to live either way.
      const [, ...inner] = vlan;
      if (vlan.length > 0 && this.hidesTags(parent.ifindex)) {
        const seen = { ...flow.packet };
        delete seen.vlan;
        if (inner.length > 0) seen.vlan = inner;
        members.push({ link: parent, flow: { ...flow, packet: seen } });
      }
    }
    return members.flatMap(({ link, flow: arriving }) => {
      const one = { ...arriving, interface: link.name, why };
      return [one, ...this.#below(one, link, whom)];
    });
  }

  /** Of a bridge, the one port behind which it has heard the sender, where it has. */
  #membersOf({ ifindex }: Link, sender: number | undefined): Link[] {
    const members = this.#links.filter(({ master }) => master === ifindex);
    const heard = this.#neighbours.find(({ bridge, mac }) => bridge === ifindex && mac === sender);
    const port = heard && members.find((one) => one.ifindex === heard.ifindex);
    return port ? [port] : members;
  }

  #named(name: string): Link | undefined {
    return this.#links.find((one) => one.name === name);
  }
}

/** In network order. */
function bytesOf({ family, a, b, c, d }: Cidr): Buffer {
  const bytes = Buffer.alloc(16);
  [a, b, c, d].forEach((word, at) => bytes.writeUInt32BE(word >>> 0, at * 4));
  return family === 4 ? bytes.subarray(0, 4) : bytes;
}
