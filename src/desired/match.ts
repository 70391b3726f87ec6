// What a match says, in a rule and in `protect`. Refused beside wrong values: whatever match-check.ts finds.
import type { AddressSet, Cidr, Match, Range } from '../model/policy.js';
import { checkFields } from './check-fields.js';
import { type IcmpName, icmpTypeNumber } from './icmp.js';
import { findContradictions } from './match-check.js';
import { matchFields, type WrittenMatch } from './match-fields.js';

export const matchSchema = matchFields
  .superRefine(...checkFields(findContradictions))
  .describe('Fields are ANDed, values of one field ORed; no field matches everything.');

/** Resolves names; `listed` has the networks of a list. Only for a match that was not refused. */
export function toMatch(written: WrittenMatch, listed: (list: string) => Cidr[]): Match {
  const { source, destination, icmpType, ...rest } = written;
  const protocols = written.protocol?.map(({ from }) => from) ?? [];
  return {
    ...rest,
    ...(source && { source: toAddressSet(source, listed) }),
    ...(destination && { destination: toAddressSet(destination, listed) }),
    ...(icmpType && { icmpType: icmpType.map((type) => toIcmpRange(type, protocols)) }),
  };
}

type WrittenAddress = NonNullable<WrittenMatch['source']>[number];

function toAddressSet(written: WrittenAddress[], listed: (list: string) => Cidr[]): AddressSet {
  const parts = written.map((one) => ('list' in one ? listed(one.list) : [one]));
  const [first = []] = parts;
  return {
    // Lists are large: one alone is shared and not copied.
    cidrs: parts.length === 1 ? first : parts.flat(),
    lists: written.flatMap((one) => ('list' in one ? [one.list] : [])),
  };
}

function toIcmpRange(type: Range | IcmpName, protocols: number[]): Range {
  if (!('icmpName' in type)) return type;
  const number = icmpTypeNumber(type, protocols);
  if (typeof number === 'number') return { from: number, to: number };
  throw new TypeError(`an unresolvable ICMP type was not refused: ${number.message}`);
}
