// The fields that the datapath looks up, in the order of enum field in bpf/settings.h, and which values of each a
// match allows. `undefined` is "does not ask": only then does a packet without the field match.
import { writeNetwork } from '../addresses/networks.js';
import type { FragmentKind, Match, Range } from '../model/policy.js';
import { mergeRanges } from '../addresses/merge-ranges.js';
import { NO_WORDS, type Width, widthOf } from '../addresses/ranges.js';
import { MOST_SETS, type SetMatch } from './compile/large-sets.js';

export const FIELDS = [
  'base',
  'source',
  'destination',
  'sourcePort',
  'destinationPort',
  'icmp',
  'tcpFlags',
  'length',
  'ttl',
  'dscp',
  'vlan',
  'etherType',
  'sourceMac',
  'destinationMac',
  'sets',
] as const;
export type Field = (typeof FIELDS)[number];

/** Looked up by number: two bytes or one. */
export type NumberField = Exclude<Field, PrefixField>;
/** Looked up by address. */
export type PrefixField = 'source' | 'destination' | 'sourceMac' | 'destinationMac';

/** As numbers of bpf/packet.h. */
const FRAGMENTS: readonly FragmentKind[] = ['none', 'first', 'later'];
/** Stands for "no tag" where VLAN ids are numbers. */
export const VLAN_NONE = 4096;

/** How many values a field can have; above 256 it is looked up by two bytes. */
export const DOMAIN: Record<NumberField, number> = {
  base: (1 + 2 * FRAGMENTS.length) * 256,
  sourcePort: 65536,
  destinationPort: 65536,
  icmp: 65536,
  tcpFlags: 256,
  length: 65536,
  ttl: 256,
  dscp: 64,
  vlan: VLAN_NONE + 1,
  etherType: 65536,
  sets: 1 << MOST_SETS,
};

export function isPrefixField(field: Field): field is PrefixField {
  return field === 'source' || field === 'destination' || field === 'sourceMac' || field === 'destinationMac';
}

/** Family, fragment kind and protocol share one number; a frame that is not IP is 0. */
export function baseKey(family: 4 | 6, fragment: FragmentKind, protocol: number): number {
  const families = family === 4 ? 0 : FRAGMENTS.length;
  return ((1 + families + FRAGMENTS.indexOf(fragment)) << 8) | protocol;
}

/** Of the base of an IP packet. */
export function fragmentOf(base: number): FragmentKind {
  return FRAGMENTS[((base >>> 8) - 1) % FRAGMENTS.length] ?? 'none';
}

const ANY_BYTE: Range[] = [{ from: 0, to: 255 }];

function baseRanges(match: Match): Range[] | undefined {
  if (!match.family && !match.protocol && !match.fragment) return undefined;
  return (match.family ?? ([4, 6] as const)).flatMap((family) =>
    (match.fragment ?? FRAGMENTS).flatMap((fragment) =>
      (match.protocol ?? ANY_BYTE).map(({ from, to }) => ({
        from: baseKey(family, fragment, from),
        to: baseKey(family, fragment, to),
      })),
    ),
  );
}

function icmpRanges(match: Match): Range[] | undefined {
  if (!match.icmpType && !match.icmpCode) return undefined;
  const codes = match.icmpCode;
  return (match.icmpType ?? ANY_BYTE).flatMap(({ from, to }) =>
    codes
      ? Array.from({ length: to - from + 1 }, (_, i) => (from + i) << 8).flatMap((type) =>
          codes.map((code) => ({ from: type | code.from, to: type | code.to })),
        )
      : [{ from: from << 8, to: (to << 8) | 255 }],
  );
}

function tcpFlagRanges(match: Match): Range[] | undefined {
  if (!match.tcpFlags) return undefined;
  const ranges: Range[] = [];
  for (let flags = 0; flags < 256; flags++) {
    if (match.tcpFlags.some(({ mask, value }) => (flags & mask) === value))
      ranges.push({ from: flags, to: flags });
  }
  return ranges;
}

function vlanRanges(match: Match): Range[] | undefined {
  return match.vlan?.map((id) => (id === 'none' ? VLAN_NONE : id)).map((id) => ({ from: id, to: id }));
}

/** The values of a field that a match allows; ranges may overlap. */
export function rangesOf(match: SetMatch, field: NumberField): Range[] | undefined {
  switch (field) {
    case 'base':
      return baseRanges(match);
    case 'icmp':
      return icmpRanges(match);
    case 'tcpFlags':
      return tcpFlagRanges(match);
    case 'vlan':
      return vlanRanges(match);
    default:
      return match[field];
  }
}

/** Of the key that the datapath looks an address up by, in 32-bit words. A MAC address is the first six bytes of four. */
export function prefixWidth(field: PrefixField, family: 4 | 6): Width {
  return field === 'source' || field === 'destination' ? widthOf(family) : 4;
}

/** The addresses of a field that a match allows, by family, in the words of AddressRanges. MAC addresses count as IPv4. */
export function addressesOf(match: Match, field: PrefixField): Record<4 | 6, Uint32Array> | undefined {
  if (field === 'source' || field === 'destination') {
    const ranges = match[field]?.content();
    return ranges && { 4: ranges.four, 6: ranges.six };
  }
  const macs = match[field];
  return macs && { 4: macRanges(macs), 6: NO_WORDS };
}

function macRanges(macs: number[]): Uint32Array {
  const words = new Uint32Array(macs.length * 8);
  macs.forEach((mac, at) => {
    const a = Math.floor(mac / 0x10000);
    writeNetwork(words, at * 8, { family: 6, a, b: (mac % 0x10000) << 16, c: 0, d: 0, length: 48 }, 4);
  });
  return mergeRanges(words, 4).words;
}
