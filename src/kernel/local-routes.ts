// Addresses and default gateways of this network namespace, from getifaddrs(3) and /proc/net (net/ipv4/fib_trie.c, net/ipv6/route.c
// in the kernel).
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { addressText } from './sockets.js';

export interface LocalAddress {
  interface: string;
  address: string;
  /** As a number, first byte most significant. */
  mac: number;
}

export function listAddresses(): LocalAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.map(({ address, mac }) => ({
      interface: name.split(':', 1)[0] ?? name, // an alias like eth0:1 is that interface
      address,
      mac: parseInt(mac.replaceAll(':', ''), 16),
    })),
  );
}

export interface Gateway {
  interface: string;
  address: string;
}

const RTF_GATEWAY = 2; // uapi/linux/route.h

export function defaultGateways(): Gateway[] {
  const v4 = fields('route').flatMap(([name = '', destination, gateway = '', flags = '', , , , mask]) => {
    const isDefault = destination === '00000000' && mask === '00000000';
    if (!isDefault || (parseInt(flags, 16) & RTF_GATEWAY) === 0) return [];
    return [{ interface: name, address: addressText(Buffer.from(gateway, 'hex').swap32()) }];
  });
  const v6 = fields('ipv6_route').flatMap((route) => {
    const [destination = '', length, , , next = '', , , , flags = '', name = ''] = route;
    const isDefault = /^0+$/.test(destination) && length === '00';
    if (!isDefault || (parseInt(flags, 16) & RTF_GATEWAY) === 0) return [];
    return [{ interface: name, address: addressText(Buffer.from(next, 'hex')) }];
  });
  return [...v4, ...v6];
}

/** The lines of a table, split into words. The heading is one of them; no caller matches it. */
function fields(table: string): string[][] {
  try {
    const text = readFileSync(`/proc/self/net/${table}`, 'utf8').trim();
    return text.split('\n').map((line) => line.trim().split(/\s+/));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // a kernel without IPv6
    throw error;
  }
}

/**
 * The addresses of both ends of a connection to `host`; `undefined` when there is no route to it, or no such name. Sends no packet
 * to it: connecting a UDP socket only looks up the route. Resolving a name may ask a DNS server.
 */
export async function endsOf(
  host: string,
  port: number,
): Promise<{ local: string; remote: string } | undefined> {
  const found = await lookup(host).catch(() => undefined);
  if (!found) return undefined;
  const socket = createSocket(found.family === 6 ? 'udp6' : 'udp4');
  try {
    const connected = once(socket, 'connect');
    socket.connect(port, found.address);
    await connected;
    return { local: socket.address().address, remote: found.address };
  } catch {
    return undefined; // no route
  } finally {
    socket.close();
  }
}
