// `source` and `destination`: IPv4 or IPv6 addresses, of which a match holds a set.
import { formatCidr } from '../../addresses/format.js';
import type { Cidr } from '../../addresses/cidr.js';
import { ADDRESS_FIELDS, type AddressSet } from '../../model/policy.js';
import {
  type AddressRanges,
  contains,
  countRanges,
  NO_WORDS,
  subtract,
  widthOf,
} from '../../addresses/ranges.js';
import { addressesOf, ALL_ADDRESSES, type Side } from '../analysis/box-sides.js';
import type { AddressDimension } from './dimension.js';
import type { Field, FieldProblem, WrittenMatch } from './field.js';
import type { IpLayer } from './layers.js';
import { notation } from './notation.js';
import { isIp } from './number-dimension.js';

type Name = (typeof ADDRESS_FIELDS)[number];

interface Place {
  /** Where the address begins in the header, by family, in bytes. */
  at: Record<4 | 6, number>;
  /** Last number of the address of documentation that a packet has when nobody says otherwise (RFC 5737, RFC 3849). */
  usual: number;
}

const EVERY_ADDRESS: AddressRanges = { four: ALL_ADDRESSES[1].words, six: ALL_ADDRESSES[4].words };
const BYTES = { 4: 4, 6: 16 } as const;
const SAMPLES: readonly Cidr[] = [
  { family: 4, a: 0x0a000001, b: 0, c: 0, d: 0, length: 32 },
  { family: 4, a: 0xffffffff, b: 0, c: 0, d: 0, length: 32 },
  { family: 6, a: 0x20010db8, b: 0, c: 0, d: 1, length: 128 },
  { family: 6, a: 0xfe800000, b: 0xffffffff, c: 0x80000000, d: 0, length: 128 },
];

export function addressField(name: Name, { at, usual }: Place): Field<'source'> & Field<'destination'> {
  return {
    layer: 'ip',
    inMatch: notation({ kind: 'network' }),
    inPacket: notation({ kind: 'address' }),
    help: { match: 'Networks, or {list: NAME} for those of lists/NAME.txt.' },
    problems: (match) => otherFamilies(match, name),
    dimension: dimensionOf(name),
    read: ({ ip }) =>
      ip && new Uint8Array(ip.header.buffer, ip.header.byteOffset + at[ip.family], BYTES[ip.family]),
    agrees: (set, address) => contains(set.content(), address),
    except: exceptSet,
    put: ({ ip }, value) => {
      if (ip) writeAddress(ip, at[ip.family], value ?? documentation(ip.family, usual));
    },
    describe: toCidr,
    words: () => [],
    report: (address) => formatCidr(toCidr(address)),
    samples: SAMPLES,
  };
}

function dimensionOf(name: Name): AddressDimension {
  return {
    lookup: 'address',
    width: widthOf,
    addresses: (match) => {
      const ranges = match[name]?.content();
      return ranges && { 4: ranges.four, 6: ranges.six };
    },
    isIn: isIp,
    full: ({ family }) => ALL_ADDRESSES[family === 6 ? 4 : 1],
    side: (match, { family }) => {
      const set = match[name];
      if (!set) return undefined;
      if (family === 'none') return { width: 1, words: NO_WORDS };
      const { four, six } = set.content();
      return { width: widthOf(family), words: family === 4 ? four : six };
    },
    witness: (side) => ({ [name]: firstOf(side) }),
  };
}

/** Its digest names it, and is no hash: such a set is never stored. */
function exceptSet(asked: AddressSet | undefined, not: AddressSet): AddressSet {
  const content = (): AddressRanges => subtract(asked?.content() ?? EVERY_ADDRESS, not.content());
  return {
    lists: [...(asked?.lists ?? []), ...not.lists],
    digest: `${asked?.digest ?? 'all'} except ${not.digest}`,
    get ranges() {
      return countRanges(content());
    },
    content,
  };
}

function firstOf(side: Side): Cidr {
  const { words, width } = addressesOf(side);
  const [a = 0, b = 0, c = 0, d = 0] = words;
  if (width === 1) return { family: 4, a, b: 0, c: 0, d: 0, length: 32 };
  return { family: 6, a, b, c, d, length: 128 };
}

function documentation(family: 4 | 6, last: number): Cidr {
  if (family === 4) return { family, a: 0xc0000200 + last, b: 0, c: 0, d: 0, length: 32 };
  return { family, a: 0x20010db8, b: 0, c: 0, d: last, length: 128 };
}

function writeAddress({ family, header }: IpLayer, at: number, { a, b, c, d }: Cidr): void {
  [a, b, c, d].slice(0, BYTES[family] / 4).forEach((word, index) => {
    header.setUint32(at + index * 4, word);
  });
}

function toCidr(bytes: Uint8Array): Cidr {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at: number): number => (at < bytes.length ? view.getUint32(at) : 0);
  const family = bytes.length === 4 ? 4 : 6;
  return { family, a: word(0), b: word(4), c: word(8), d: word(12), length: bytes.length * 8 };
}

function* otherFamilies({ family, ...match }: WrittenMatch, name: Name): Generator<FieldProblem> {
  const written = match[name]?.filter((one) => 'family' in one) ?? [];
  const other = family && written.find((one) => !family.includes(one.family));
  if (!other) return;
  yield {
    fields: [name, 'family'],
    summary: 'contradiction',
    message: `names ${formatCidr(other)}, which is IPv${other.family}: \`family\` leaves that out`,
    hint: 'Remove it, or the `family`: the addresses say it already.',
  };
}
