// Text -> networks, strictly: one spelling mistake must never become another network. Refused: host bits, leading
// zeros (which some take for octal), zones, shortened IPv4, and whatever is no address.
import { formatCidr, fullLength } from '../model/address.js';
import type { Cidr } from '../model/policy.js';
import { maskWord } from '../policy/prefixes.js';
import { type Problem, quote } from './wording.js';

type Words = Pick<Cidr, 'family' | 'a' | 'b' | 'c' | 'd'>;

/** `10.0.0.0/8`, `2001:db8::1`; without a prefix length it is one address. */
export function parseCidr(text: string): Cidr | Problem {
  const slash = text.indexOf('/');
  const words = parseWords(slash === -1 ? text : text.slice(0, slash));
  if (!words) return noAddress(text);
  const longest = fullLength(words.family);
  if (slash === -1) return { ...words, length: longest };
  const suffix = text.slice(slash + 1);
  if (!/^(?:0|[1-9]\d{0,2})$/.test(suffix) || Number(suffix) > longest) {
    const message = `must have a prefix length from 0 to ${longest}, not ${quote(suffix)}`;
    return { message, hint: `Write for example ${formatCidr({ ...words, length: longest })}/${longest}.` };
  }
  const written = { ...words, length: Number(suffix) };
  const network = withoutHostBits(written);
  if (isSame(network, written)) return written;
  const message = `must be a network without host bits, not ${quote(text)}`;
  const address = formatCidr({ ...words, length: longest });
  const hint = `Write ${formatCidr(network)} for the network, or ${address} for the address.`;
  return { summary: 'host bits set', message, hint };
}

/** One address, of a packet. */
export function parseAddress(text: string): Cidr | Problem {
  const words = parseWords(text);
  if (words) return { ...words, length: fullLength(words.family) };
  const message = `must be one IPv4 or IPv6 address, not ${quote(text)}`;
  return text.includes('/')
    ? { message, hint: 'A packet has one address: leave the prefix length out.' }
    : { ...noAddress(text), message };
}

function parseWords(text: string): Words | undefined {
  if (text.includes(':')) return parseIpv6(text);
  const a = parseIpv4(text);
  return a === undefined ? undefined : { family: 4, a, b: 0, c: 0, d: 0 };
}

function parseIpv4(text: string): number | undefined {
  const bytes = text.split('.');
  if (bytes.length !== 4) return undefined;
  let word = 0;
  for (const byte of bytes) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(byte) || Number(byte) > 255) return undefined;
    word = word * 256 + Number(byte);
  }
  return word;
}

function parseIpv6(text: string): Words | undefined {
  const halves = text.split('::');
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : [];
  if (halves.length > 2 || !head || !tail) return undefined;
  const zeros = 8 - head.length - tail.length;
  // "::" stands for at least one group of zeros.
  if (halves.length === 2 ? zeros < 1 : zeros !== 0) return undefined;
  const groups = [...head, ...new Array<number>(zeros).fill(0), ...tail];
  const word = (at: number): number => (groups[at] ?? 0) * 0x10000 + (groups[at + 1] ?? 0);
  return { family: 6, a: word(0), b: word(2), c: word(4), d: word(6) };
}

/** `last`: the text ends the address, so that its end may be written like IPv4. */
function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const embedded = last && index === parts.length - 1 && part.includes('.') ? parseIpv4(part) : undefined;
    if (embedded !== undefined) groups.push(embedded >>> 16, embedded & 0xffff);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

function withoutHostBits({ family, a, b, c, d, length }: Cidr): Cidr {
  const cut = (word: number, at: number): number => (word & maskWord(length, at)) >>> 0;
  return { family, a: cut(a, 0), b: cut(b, 32), c: cut(c, 64), d: cut(d, 96), length };
}

function isSame(one: Cidr, other: Cidr): boolean {
  return one.a === other.a && one.b === other.b && one.c === other.c && one.d === other.d;
}

function noAddress(text: string): Problem {
  const message = `must be an IPv4 or IPv6 address or network, not ${quote(text)}`;
  const hint = hintFor(text);
  return hint === undefined ? { message } : { message, hint };
}

function hintFor(text: string): string | undefined {
  if (text.includes('%')) return 'Leave the zone (%...) out: the interface is named in the Host file.';
  const plain = text.replace(/\b0+(?=\d)/g, '');
  if (plain !== text && !('message' in parseCidr(plain))) return `Write ${plain}, without leading zeros.`;
  if (/^[\d.:a-f]+-[\d.:a-f]+$/i.test(text)) return 'Write a range of addresses as networks: 10.0.0.0/24.';
  return undefined;
}
