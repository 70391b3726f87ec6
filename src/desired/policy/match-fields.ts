// The fields of a match, in a rule and in `protect`: how each may be written.
import * as z from 'zod';
import type { Range } from '../../model/policy.js';
import { ETHER_TYPES, PROTOCOLS } from '../../model/names.js';
import { ICMP_TYPE_META, type IcmpName, parseIcmpType } from './icmp.js';
import {
  cidr,
  family,
  FILE_NAME,
  FILE_NAME_RULE,
  mac,
  mayBeAbsent,
  namedNumber,
  oneOrMany,
  parseRange,
  range,
  RANGE_PATTERN,
  tcpFlags,
  textValue,
  unknownName,
  wholeNumber,
} from './values.js';
import { quote } from '../../text/wording.js';

const listName = z.string().regex(FILE_NAME, FILE_NAME_RULE).describe('Name of lists/<name>.txt.');

const addresses = oneOrMany(z.union([cidr, z.strictObject({ list: listName })])).describe(
  'Networks, or {list: NAME} for those of lists/NAME.txt.',
);

export const icmpType: z.ZodType<Range | IcmpName, number | string> = z.union([
  wholeNumber(0, 255).transform((number) => ({ from: number, to: number })),
  textValue<Range | IcmpName>(parseIcmpType, ICMP_TYPE_META),
]);

const etherType = z.union([
  wholeNumber(0, 0xffff).transform((number): Range => ({ from: number, to: number })),
  textValue<Range>(
    (text) => {
      const number = (ETHER_TYPES as Record<string, number>)[text];
      if (number !== undefined) return { from: number, to: number };
      if (/^\d/.test(text)) return parseRange(text, 0xffff);
      return unknownName(text, Object.keys(ETHER_TYPES), 'a number from 0 to 65535');
    },
    { anyOf: [{ enum: Object.keys(ETHER_TYPES) }, { pattern: RANGE_PATTERN }] },
  ),
]);

const vlan = z.union([
  wholeNumber(0, 4095),
  textValue<number | 'none'>(
    (text) =>
      text === 'none' ? text : { message: `must be a VLAN id from 0 to 4095 or none, not ${quote(text)}` },
    { enum: ['none'] },
  ),
]);

const protocol = namedNumber(PROTOCOLS, 255).transform((number): Range => ({ from: number, to: number }));

export const matchFields = z.strictObject({
  family: mayBeAbsent(oneOrMany(family)).describe('IPv4 or IPv6. Default: both.'),
  protocol: mayBeAbsent(oneOrMany(protocol)).describe('By name or number.'),
  source: mayBeAbsent(addresses),
  destination: mayBeAbsent(addresses),
  sourcePort: mayBeAbsent(oneOrMany(range(0xffff))).describe('Only with protocol tcp, udp or sctp.'),
  destinationPort: mayBeAbsent(oneOrMany(range(0xffff))).describe('Only with protocol tcp, udp or sctp.'),
  icmpType: mayBeAbsent(oneOrMany(icmpType)).describe('A name needs protocol icmp or icmpv6 beside it.'),
  icmpCode: mayBeAbsent(oneOrMany(range(255))),
  tcpFlags: mayBeAbsent(oneOrMany(tcpFlags)).describe(
    '{syn: true, ack: false}: set and clear; a list matches if one of its maps does.',
  ),
  fragment: mayBeAbsent(oneOrMany(z.enum(['none', 'first', 'later']))).describe(
    'Not fragmented, the first fragment, a later one. Only the first has a transport header.',
  ),
  length: mayBeAbsent(oneOrMany(range(0xffff))).describe('Bytes of the IP packet.'),
  ttl: mayBeAbsent(oneOrMany(range(255))).describe('Time to live of IPv4, hop limit of IPv6.'),
  dscp: mayBeAbsent(oneOrMany(range(63))),
  vlan: mayBeAbsent(oneOrMany(vlan)).describe('Id of the outer tag, or none.'),
  etherType: mayBeAbsent(oneOrMany(etherType)).describe('Behind VLAN tags. Reached with `nonIp: match`.'),
  sourceMac: mayBeAbsent(oneOrMany(mac)),
  destinationMac: mayBeAbsent(oneOrMany(mac)),
});

/** What a match says, before lists and ICMP names are resolved. */
export type WrittenMatch = z.output<typeof matchFields>;
