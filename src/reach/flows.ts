// Flows that must live, found by looking at this host: whoever works on it over SSH, its default gateways, its DHCP
// client, and whom its state files come from. A flow counts on the interface that has its local address, and on those
// below it.
import { unmapped } from '../addresses/mapped.js';
import { parseAddress } from '../addresses/parse.js';
import {
  defaultGateways,
  endsOf,
  type Gateway,
  listAddresses,
  type LocalAddress,
} from '../kernel/local-routes.js';
import { listTcp, listUdp, type SocketEnd } from '../kernel/sockets.js';
import { findSshPorts } from '../kernel/ssh-ports.js';
import { sshSession } from '../kernel/ssh.js';
import { formatCidr } from '../addresses/format.js';
import type { Endpoint, Flow } from '../model/flow.js';
import { ETHER_TYPES, ICMP_TYPES, PROTOCOLS, TCP_FLAGS } from '../model/names.js';
import type { Cidr } from '../addresses/cidr.js';
import type { PacketDescription } from '../model/policy.js';
import { Topology } from './topology.js';

export interface FoundFlows {
  flows: Flow[];
  /** What may have to live as well, and cannot be known: a sentence each. */
  doubts: string[];
}

/** `remotes`: whom the state files come from. */
export async function findFlows(remotes: readonly Endpoint[]): Promise<FoundFlows> {
  const host = new Host();
  const ssh = sshFlows(host);
  const flows = [...ssh.flows, ...gatewayFlows(host), ...dhcpFlows(host)];
  for (const remote of remotes) flows.push(...(await remoteFlows(remote, host)));
  const seen = new Set<string>();
  const arriving = flows.flatMap((flow) => host.topology.arrivals(flow));
  const once = arriving.filter((flow) => {
    const text = JSON.stringify(flow);
    return !seen.has(text) && seen.add(text);
  });
  return { flows: once, doubts: ssh.doubts };
}

/** Addresses and neighbours, read once. */
class Host {
  readonly topology = new Topology();
  readonly gateways: Gateway[] = defaultGateways();
  readonly #addresses: LocalAddress[] = listAddresses();

  /** Those that have the address: none for an address of somebody else. */
  withAddress(address: string): LocalAddress[] {
    const wanted = canonical(address);
    return this.#addresses.filter((one) => canonical(one.address) === wanted);
  }

  /** The same for where packets from `sender` to the address come in. */
  reachedBy(address: string, sender: string): LocalAddress[] {
    const from = toCidr(sender);
    return this.withAddress(address).flatMap((at) => {
      if (this.topology.isWire(at.interface)) return [at];
      const way = from && this.topology.towards(from);
      return way ? [{ ...at, ...way }] : [];
    });
  }

  of(name: string, family: 4 | 6): LocalAddress | undefined {
    return this.#addresses.find((one) => one.interface === name && toCidr(one.address)?.family === family);
  }

  /** What a packet from `source` to this host looks like when it arrives on an interface. */
  arriving(at: LocalAddress, source: string | undefined, packet: PacketDescription): PacketDescription {
    const from = source === undefined ? undefined : toCidr(source);
    const gateway = this.gateways.find((one) => one.interface === at.interface);
    const next = gateway && toCidr(gateway.address);
    const sourceMac =
      (from && this.topology.macOf(at.interface, from)) ?? (next && this.topology.macOf(at.interface, next));
    return {
      destinationMac: at.mac,
      ...(sourceMac !== undefined && { sourceMac }),
      ...(from && { source: from }),
      ...packet,
    };
  }
}

/** The session that runs this, and every connection to sshd: as it goes on, and made anew from there. */
function sshFlows(host: Host): FoundFlows {
  const { ports, unknown } = findSshPorts();
  const session = sshSession();
  const connections = listTcp().filter(({ state }) => state === 'established');
  const flows = [
    ...(session ? sshFlow(host, session.local, session.remote, 'this SSH session') : []),
    ...connections
      .filter(({ local }) => ports.has(local.port))
      .flatMap(({ local, remote }) => sshFlow(host, local, remote, 'the SSH connection')),
  ];
  const asking = connections.filter(({ local, remote }) => {
    return unknown.has(local.port) && host.withAddress(remote.address).length === 0;
  });
  return {
    flows,
    doubts: [...new Set(asking.map(({ local: { port } }) => doubt(port, unknown.get(port) ?? '')))],
  };
}

function doubt(port: number, place: string): string {
  return `whether it is sshd that listens on port ${port} (${place}) cannot be known here: other processes are hidden, and no unit file tells. A change that ends SSH there is not refused; write a \`protect\` entry for it if it must live`;
}

/** Port of a connection that is not there yet. */
const NEW_PORT = 50_022;

function sshFlow(host: Host, local: SocketEnd, remote: SocketEnd, what: string): Flow[] {
  if (host.withAddress(remote.address).length > 0) return []; // it stays on the loopback
  const ends = { protocol: PROTOCOLS.tcp, destinationPort: local.port };
  return host.reachedBy(local.address, remote.address).flatMap((at): Flow[] => {
    const destination = toCidr(local.address);
    const packet = host.arriving(at, remote.address, { ...ends, ...(destination && { destination }) });
    const from = withoutZone(remote.address);
    return [
      {
        interface: at.interface,
        why: `${what} from ${from}`,
        packet: { ...packet, sourcePort: remote.port, tcpFlags: TCP_FLAGS.ack },
      },
      {
        interface: at.interface,
        why: `a new SSH connection from ${from}`,
        packet: { ...packet, sourcePort: NEW_PORT, tcpFlags: TCP_FLAGS.syn },
      },
    ];
  });
}

/** Without ARP or neighbour discovery no packet finds its way to the gateway, or from it to us. */
function gatewayFlows(host: Host): Flow[] {
  return host.gateways.flatMap(({ interface: name, address }) => {
    const gateway = toCidr(address);
    const at = gateway && host.of(name, gateway.family);
    if (!at) return [];
    const what = `of the default gateway ${canonical(address)}`;
    if (gateway.family === 4) {
      const packet = host.arriving(at, address, { etherType: ETHER_TYPES.arp });
      delete packet.source;
      return [{ interface: name, why: `ARP ${what}`, packet }];
    }
    const destination = toCidr(at.address);
    return DISCOVERY.map((icmpType) => {
      const discovery = { protocol: PROTOCOLS.icmpv6, icmpType, ttl: 255 };
      const packet = host.arriving(at, address, { ...discovery, ...(destination && { destination }) });
      return { interface: name, why: `neighbour discovery ${what}`, packet };
    });
  });
}

const NAMES6 = ICMP_TYPES[PROTOCOLS.icmpv6] ?? {};
const DISCOVERY = ['router-advertisement', 'neighbor-solicitation', 'neighbor-advertisement'].map(
  (name) => NAMES6[name] ?? 0,
);

/** Client and server port of DHCP (RFC 2131) and DHCPv6 (RFC 8415). */
const DHCP = { 4: { client: 68, server: 67 }, 6: { client: 546, server: 547 } } as const;

/** A client that holds its port open wants its lease renewed. One of no address is at the default gateway's interface. */
function dhcpFlows(host: Host): Flow[] {
  return listUdp().flatMap(({ local }) => {
    const family = local.address.includes(':') ? 6 : 4;
    const { client, server } = DHCP[family];
    if (local.port !== client) return [];
    const gateways = host.gateways.filter(({ address }) => toCidr(address)?.family === family);
    const unbound = gateways.flatMap(({ interface: name }) => host.of(name, family) ?? []);
    const bound = host.withAddress(local.address);
    return (bound.length > 0 ? bound : unbound).map((at): Flow => {
      const gateway = gateways.find((one) => one.interface === at.interface)?.address;
      const ports = { protocol: PROTOCOLS.udp, sourcePort: server, destinationPort: client };
      const destination = toCidr(at.address);
      const packet = host.arriving(at, gateway, { family, ...ports, ...(destination && { destination }) });
      return { interface: at.interface, why: 'the answer of a DHCP server', packet };
    });
  });
}

/** The answer to a connection that this host opens. */
async function remoteFlows({ host: name, port }: Endpoint, host: Host): Promise<Flow[]> {
  const ends = await endsOf(name, port);
  const destination = ends && toCidr(ends.local);
  if (!destination) return [];
  const answer = { protocol: PROTOCOLS.tcp, sourcePort: port, destinationPort: NEW_PORT, destination };
  const tcpFlags = TCP_FLAGS.syn | TCP_FLAGS.ack;
  return host.reachedBy(ends.local, ends.remote).map((at) => ({
    interface: at.interface,
    why: `the answer of ${name}:${port}, from where the state files come`,
    // Its connection will be known: what opens it leaves before.
    packet: host.arriving(at, ends.remote, { ...answer, tcpFlags, connection: 'established' }),
  }));
}

function toCidr(address: string): Cidr | undefined {
  const parsed = parseAddress(withoutZone(address));
  return 'message' in parsed ? undefined : (unmapped(parsed) ?? parsed);
}

/** `fe80::1%eth0` -> `fe80::1` */
function withoutZone(address: string): string {
  return address.split('%', 1)[0] ?? address;
}

function canonical(address: string): string {
  const cidr = toCidr(address);
  return cidr ? formatCidr(cidr) : address;
}
