// Requests to rtnetlink(7) about the network namespace of this process: interfaces and how they are stacked, neighbours and the
// interface behind which each is, and the interface by which a packet leaves.
// Sources: uapi/linux/rtnetlink.h, uapi/linux/if_link.h, uapi/linux/neighbour.h.
import { goesBy, type Named } from '../model/altnames.js';
import { ask, attribute, attributes, eachAttribute, list, text } from './netlink.js';

const AF_INET = 2;
const AF_INET6 = 10;
const AF_BRIDGE = 7;
const NETLINK_ROUTE = 0;

const RTM_GETLINK = 18;
const RTM_GETROUTE = 26;
const RTM_GETNEIGH = 30;
const IFINFO = 16; // struct ifinfomsg
const RTMSG = 12; // struct rtmsg
const NDMSG = 12; // struct ndmsg
const IFF_LOOPBACK = 8;

const IFLA = {
  ...{ address: 1, broadcast: 2, name: 3, mtu: 4, link: 5, master: 10, info: 18 },
  ...{ extMask: 29, linkNetns: 37, xdp: 43, targetNetns: 46, propList: 52, altIfname: 53 },
};
const RTEXT_FILTER_SKIP_STATS = 8;
const INFO = { kind: 1, data: 2 };
const VLAN_ID = 1;
const XDP_SKB_PROG_ID = 6;
const NDA = { destination: 1, address: 2, master: 9 };
const RTA = { destination: 1, interface: 4 };

export interface Link extends Named {
  ifindex: number;
  /** ARPHRD_*, uapi/linux/if_arp.h. */
  type: number;
  /** IFLA_BROADCAST, raw: the remote address of a tunnel, the broadcast address of any other link. */
  remote?: Buffer;
  /** As a number, first byte most significant; absent where there is none. */
  mac?: number;
  loopback: boolean;
  /** Bytes. */
  mtu: number;
  /** `bridge`, `bond`, `vlan`, `dummy`, ...; absent for hardware. */
  kind?: string;
  /** Ifindex of the bridge, bond or similar interface of which it is a port. */
  master?: number;
  /** Ifindex of the interface below it (IFLA_LINK), where that is in this namespace. */
  parent?: number;
  /** The VLAN id, of an interface of kind `vlan`. */
  vlan?: number;
  /** An XDP program is attached to it in generic mode. */
  generic?: true;
  /** The peer of a veth in another namespace: its ifindex there, and the kernel's id of that namespace. */
  peerElsewhere?: { ifindex: number; netns: number };
}

/** Kinds whose packets arrive on the parent interface. A veth has its peer as IFLA_LINK, and is not stacked on it. */
const STACKED_KINDS = new Set(['vlan', 'macvlan', 'macvtap', 'ipvlan', 'ipvtap']);

/** Do packets for this interface arrive on its parent? */
export function isStackedOnParent({ kind, parent }: Link): boolean {
  return parent !== undefined && STACKED_KINDS.has(kind ?? '');
}

export function listLinks(): Link[] {
  const without = attribute(IFLA.extMask, uint32(RTEXT_FILTER_SKIP_STATS));
  return list(NETLINK_ROUTE, RTM_GETLINK, Buffer.concat([Buffer.alloc(IFINFO), without])).map((message) => {
    const all = attributes(message.subarray(IFINFO));
    const info = attributes(all.get(IFLA.info) ?? Buffer.alloc(0));
    const vlan = attributes(info.get(INFO.data) ?? Buffer.alloc(0)).get(VLAN_ID);
    const kind = text(info.get(INFO.kind));
    const [mac, remote, master] = [IFLA.address, IFLA.broadcast, IFLA.master].map((one) => all.get(one));
    const [link, netns] = [all.get(IFLA.link), all.get(IFLA.linkNetns)];
    const parent = netns ? undefined : link;
    const altnames = altnamesIn(all.get(IFLA.propList));
    const isGeneric = attributes(all.get(IFLA.xdp) ?? Buffer.alloc(0)).has(XDP_SKB_PROG_ID);
    return {
      ifindex: message.readInt32LE(4),
      name: text(all.get(IFLA.name)) ?? '',
      ...(altnames.length > 0 && { altnames }),
      type: message.readUInt16LE(2),
      ...(remote && { remote }),
      loopback: (message.readUInt32LE(8) & IFF_LOOPBACK) !== 0,
      mtu: all.get(IFLA.mtu)?.readUInt32LE() ?? 0,
      ...(isGeneric && { generic: true }),
      ...(mac?.length === 6 && { mac: mac.readUIntBE(0, 6) }),
      ...(kind !== undefined && { kind }),
      ...(master && { master: master.readUInt32LE() }),
      ...(parent && { parent: parent.readUInt32LE() }),
      ...(kind === 'vlan' && vlan && { vlan: vlan.readUInt16LE() }),
      ...(kind === 'veth' &&
        link &&
        netns && { peerElsewhere: { ifindex: link.readUInt32LE(), netns: netns.readInt32LE() } }),
    };
  });
}

/** The first name of the interface that goes by this one; where there is none, what was asked. */
export function kernelName(asked: string): string {
  return listLinks().find((one) => goesBy(one, asked))?.name ?? asked;
}

function altnamesIn(properties: Buffer | undefined): string[] {
  return [...eachAttribute(properties ?? Buffer.alloc(0))].flatMap(([type, value]) =>
    type === IFLA.altIfname ? (text(value) ?? []) : [],
  );
}

/** MTU in bytes of an interface in another namespace; `undefined` when that namespace may not be read. */
export function mtuElsewhere({ ifindex, netns }: { ifindex: number; netns: number }): number | undefined {
  const question = Buffer.alloc(IFINFO);
  question.writeInt32LE(ifindex, 4);
  const there = attribute(IFLA.targetNetns, uint32(netns));
  const { messages, error } = ask(NETLINK_ROUTE, RTM_GETLINK, 0, Buffer.concat([question, there]));
  const answer = error === 0 ? messages[0] : undefined;
  return answer && attributes(answer.subarray(IFINFO)).get(IFLA.mtu)?.readUInt32LE();
}

export interface Neighbour {
  ifindex: number;
  /** 4 or 16 bytes in network order; absent in the table of a bridge. */
  address?: Buffer;
  mac: number;
  /** Ifindex of the bridge that learned it; `ifindex` is then the port behind which it is. */
  bridge?: number;
}

/** The neighbour tables (ARP and NDP), and the MAC addresses that bridges have learned. */
export function listNeighbours(): Neighbour[] {
  return [0, AF_BRIDGE].flatMap((family) => {
    const question = Buffer.alloc(family === 0 ? NDMSG : IFINFO);
    question.writeUInt8(family, 0);
    return list(NETLINK_ROUTE, RTM_GETNEIGH, question).flatMap((message): Neighbour[] => {
      const all = attributes(message.subarray(NDMSG));
      const mac = all.get(NDA.address);
      const [address, bridge] = [all.get(NDA.destination), all.get(NDA.master)];
      if (mac?.length !== 6 || (family === AF_BRIDGE && !bridge)) return [];
      const found = { ifindex: message.readInt32LE(4), mac: mac.readUIntBE(0, 6) };
      return [
        {
          ...found,
          ...(family === 0 && address && { address }),
          ...(family === AF_BRIDGE && bridge && { bridge: bridge.readUInt32LE() }),
        },
      ];
    });
  });
}

/** Ifindex of the interface by which packets to an address (4 or 16 bytes) leave; `undefined` when there is no route. */
export function interfaceTowards(address: Buffer): number | undefined {
  const question = Buffer.alloc(RTMSG);
  question.writeUInt8(address.length === 4 ? AF_INET : AF_INET6, 0);
  question.writeUInt8(address.length * 8, 1);
  const { messages, error } = ask(
    NETLINK_ROUTE,
    RTM_GETROUTE,
    0,
    Buffer.concat([question, attribute(RTA.destination, address)]),
  );
  const answer = error === 0 ? messages[0] : undefined;
  return answer && attributes(answer.subarray(RTMSG)).get(RTA.interface)?.readUInt32LE();
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
