// Text -> networks, strictly: one spelling mistake must never become another network. Refused: host bits, leading
// zeros (which some take for octal), zones, shortened IPv4, and whatever is no address.
import { formatCidr } from './format.js';
import { maskWord } from './networks.js';
import type { Cidr } from './cidr.js';
import { type Problem, quote } from '../text/wording.js';

/** `10.0.0.0/8`, `2001:db8::1`; without a prefix length it is one address. */
export function parseCidr(text: string): Cidr | Problem {
  const slash = text.indexOf('/');
  const address = parseWhole(slash === -1 ? text : text.slice(0, slash));
  if (!address) return noAddress(text);
  if (slash === -1) return address;
  const { family, a, b, c, d } = address;
  const suffix = text.slice(slash + 1);
  const length = /^(?:0|[1-9]\d{0,2})$/.test(suffix) ? Number(suffix) : Infinity;
  if (length > address.length) {
    const message = `must have a prefix length from 0 to ${address.length}, not ${quote(suffix)}`;
    return { message, hint: `Write for example ${formatCidr(address)}/${address.length}.` };
  }
  const network = {
    family,
    a: cut(a, length, 0),
    b: cut(b, length, 32),
    c: cut(c, length, 64),
    d: cut(d, length, 96),
    length,
  };
  if (network.a === a && network.b === b && network.c === c && network.d === d) return network;
  const message = `must be a network without host bits, not ${quote(text)}`;
  const hint = `Write ${formatCidr(network)} for the network, or ${formatCidr(address)} for the address.`;
  return { summary: 'host bits set', message, hint };
}

/** What of the word that begins at bit `at` lies in the network. */
function cut(word: number, length: number, at: number): number {
  return (word & maskWord(length, at)) >>> 0;
}

/** One address, of a packet. */
export function parseAddress(text: string): Cidr | Problem {
  const address = parseWhole(text);
  if (address) return address;
  const message = `must be one IPv4 or IPv6 address, not ${quote(text)}`;
  return text.includes('/')
    ? { message, hint: 'A packet has one address: leave the prefix length out.' }
    : { ...noAddress(text), message };
}

/** An address as a network of full length. */
function parseWhole(text: string): Cidr | undefined {
  if (text.includes(':')) return parseIpv6(text);
  const a = parseIpv4(text);
  return a === undefined ? undefined : { family: 4, a, b: 0, c: 0, d: 0, length: 32 };
}

/** Character by character: lists hold millions. */
function parseIpv4(text: string): number | undefined {
  let word = 0;
  let byte = -1; // before the first digit
  let dots = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit >= 0 && digit <= 9) {
      if (byte === 0) return undefined; // a leading zero
      byte = byte < 0 ? digit : byte * 10 + digit;
      if (byte > 255) return undefined;
    } else if (digit === DOT && byte >= 0) {
      word = word * 256 + byte;
      byte = -1;
      dots++;
    } else return undefined;
  }
  return dots === 3 && byte >= 0 ? word * 256 + byte : undefined;
}

const ZERO = 0x30;
const DOT = 0x2e - ZERO;

function parseIpv6(text: string): Cidr | undefined {
  const halves = text.split('::');
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : [];
  if (halves.length > 2 || !head || !tail) return undefined;
  const zeros = 8 - head.length - tail.length;
  // "::" stands for at least one group of zeros.
  if (halves.length === 2 ? zeros < 1 : zeros !== 0) return undefined;
  const groups = head.concat(ZEROS.slice(0, zeros), tail);
  const word = (at: number): number => (groups[at] ?? 0) * 0x10000 + (groups[at + 1] ?? 0);
  return { family: 6, a: word(0), b: word(2), c: word(4), d: word(6), length: 128 };
}

const ZEROS = new Array<number>(8).fill(0);

/** `last`: the text ends the address, so that its end may be written like IPv4. */
function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  const embedded = last ? parseIpv4(parts.at(-1) ?? '') : undefined;
  if (embedded !== undefined) parts.pop();
  for (const part of parts) {
    const group = parseGroup(part);
    if (group === undefined) return undefined;
    groups.push(group);
  }
  if (embedded !== undefined) groups.push(embedded >>> 16, embedded & 0xffff);
  return groups;
}

/** One to four hexadecimal digits. */
function parseGroup(text: string): number | undefined {
  if (text.length === 0 || text.length > 4) return undefined;
  let group = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = hexDigit(text.charCodeAt(at));
    if (digit === undefined) return undefined;
    group = group * 16 + digit;
  }
  return group;
}

function hexDigit(code: number): number | undefined {
  if (code >= ZERO && code <= ZERO + 9) return code - ZERO;
  const letter = (code | 0x20) - 0x61; // either case
  return letter >= 0 && letter < 6 ? letter + 10 : undefined;
}

function noAddress(text: string): Problem {
  const message = `must be an IPv4 or IPv6 address or network, not ${quote(text)}`;
  const hint = hintFor(text);
  return hint === undefined ? { message } : { message, hint };
}

function hintFor(text: string): string | undefined {
  if (text.startsWith('!'))
    return `Write what a packet does not have under \`not\`: not: {source: ${text.slice(1).trim()}}.`;
  if (text.includes('%')) return 'Leave the zone (%...) out: the interface is named in the Host file.';
  const plain = text.replace(/\b0+(?=\d)/g, '');
  if (plain !== text && !('message' in parseCidr(plain))) return `Write ${plain}, without leading zeros.`;
  if (/^[\d.:a-f]+-[\d.:a-f]+$/i.test(text)) return 'Write a range of addresses as networks: 10.0.0.0/24.';
  return undefined;
}
