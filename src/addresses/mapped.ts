// IPv4-mapped addresses (`::ffff:203.0.113.9`, RFC 4291 2.5.5.2): how IPv6 sockets name peers that speak IPv4, and so what logs
// hold. No packet carries one: Linux drops what does. Whoever writes one means the IPv4 address. Compatible (`::203.0.113.9`), 6to4 and
// NAT64 addresses are none of this kind: packets carry them as they are written.
import { formatCidr } from './format.js';
import type { Cidr } from './cidr.js';
import type { Problem } from '../text/wording.js';

const MARK = 0xffff;
/** Bits in front of the IPv4 address. */
const PREFIX = 96;

/** The IPv4 network that a mapped one is; `undefined` for any other, and for one that holds more than mapped addresses. */
export function unmapped({ family, a, b, c, d, length }: Cidr): Cidr | undefined {
  if (family !== 6 || a !== 0 || b !== 0 || c !== MARK || length < PREFIX) return undefined;
  return { family: 4, a: d, b: 0, c: 0, d: 0, length: length - PREFIX };
}

/** The same of the first and the last address of IPv6, four words each. */
export function isMappedRange(words: ArrayLike<number>): boolean {
  const isMarked = (at: number): boolean => words[at] === 0 && words[at + 1] === 0 && words[at + 2] === MARK;
  return isMarked(0) && isMarked(4);
}

/** Where no address may be taken for another one: `problem` is told instead of the network. */
export function refuseMapped(network: Cidr | Problem): Cidr | Problem {
  const four = 'message' in network ? undefined : unmapped(network);
  if (!four || 'message' in network) return network;
  const message = `must not be an IPv4-mapped address, which no packet has, as in ${formatCidr(network)}`;
  return { summary: 'IPv4-mapped address', message, hint: `Write ${formatCidr(four)}, which is IPv4.` };
}
