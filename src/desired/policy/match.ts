// What a match says, in a rule and in `protect`. Refused beside wrong values: whatever match-check.ts finds.
import type { AddressSet, Match, Range } from '../../model/policy.js';
import type { IcmpName, WrittenAddress, WrittenMatch } from '../../policy/fields/field.js';
import { icmpTypeNumber } from '../../policy/fields/icmp-type.js';
import { checkFields } from '../yaml/check-fields.js';
import { findContradictions } from './match-check.js';
import { matchFields } from './match-fields.js';

export const matchSchema = matchFields
  .superRefine(...checkFields<WrittenMatch>(findContradictions))
  .describe('Fields are ANDed, values of one field ORed; no field matches everything.');

export type AddressResolver = (written: WrittenAddress[]) => AddressSet;

/** Resolves names; `resolve` those of lists. Only for a match that was not refused. */
export function toMatch({ not, ...written }: WrittenMatch, resolve: AddressResolver): Match {
  const protocols = written.protocol?.map(({ from }) => from) ?? [];
  return {
    ...toFields(written, protocols, resolve),
    ...(not && { not: toFields(not, protocols, resolve) }),
  };
}

/** `protocols`: those of the match, with which ICMP types have numbers. */
function toFields(
  { source, destination, icmpType, ...rest }: Omit<WrittenMatch, 'not'>,
  protocols: number[],
  resolve: AddressResolver,
): Omit<Match, 'not'> {
  return {
    ...rest,
    ...(source && { source: resolve(source) }),
    ...(destination && { destination: resolve(destination) }),
    ...(icmpType && { icmpType: icmpType.map((type) => toIcmpRange(type, protocols)) }),
  };
}

function toIcmpRange(type: Range | IcmpName, protocols: number[]): Range {
  if (!('icmpName' in type)) return type;
  const number = icmpTypeNumber(type, protocols);
  if (typeof number === 'number') return { from: number, to: number };
  throw new TypeError(`an unresolvable ICMP type was not refused: ${number.message}`);
}
