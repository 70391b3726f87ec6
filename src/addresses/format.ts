// How networks are written: RFC 4291 and, for the one canonical form, RFC 5952.
import type { Cidr } from './cidr.js';

/** `10.0.0.0/8`, `2001:db8::/32`; a single address has no prefix length. Host bits are shown as they are. */
export function formatCidr(cidr: Cidr): string {
  const address = cidr.family === 4 ? formatIpv4(cidr.a) : formatIpv6(cidr);
  return cidr.length === (cidr.family === 4 ? 32 : 128) ? address : `${address}/${cidr.length}`;
}

function formatIpv4(word: number): string {
  return [24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff).join('.');
}

function formatIpv6({ a, b, c, d }: Cidr): string {
  if (a === 0 && b === 0 && c === 0xffff) return `::ffff:${formatIpv4(d)}`;
  const groups = [a, b, c, d].flatMap((word) => [word >>> 16, word & 0xffff]);
  const { start, length } = longestZeros(groups);
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

/** The first of the longest runs. */
function longestZeros(groups: number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  groups.forEach((group, at) => {
    if (group !== 0) start = at + 1;
    else if (at + 1 - start > best.length) best = { start, length: at + 1 - start };
  });
  return best;
}
