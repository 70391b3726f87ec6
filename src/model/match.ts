// What a match asks about, of the fields that must agree and of those that must not: whoever looks at one half alone forgets the other.
import { ADDRESS_FIELDS, type AddressSet, type FieldName, type Match } from './policy.js';

type Half = Omit<Match, 'not'>;

/** The fields that must agree, then those under `not`. */
export function halvesOf({ not, ...fields }: Match): Half[] {
  return not ? [fields, not] : [fields];
}

/** Does it say anything of this field? */
export function asks(match: Match, field: FieldName): boolean {
  return match[field] !== undefined || match.not?.[field] !== undefined;
}

/** The address sets that it names, as often as it does. */
export function addressSetsOf(match: Match): AddressSet[] {
  return halvesOf(match).flatMap((half) => ADDRESS_FIELDS.flatMap((field) => half[field] ?? []));
}

/** The same match with other address sets. */
export function withAddressSets(match: Match, change: (set: AddressSet) => unknown): object {
  const { not, ...fields } = match;
  return { ...changed(fields, change), ...(not && { not: changed(not, change) }) };
}

function changed(half: Half, change: (set: AddressSet) => unknown): object {
  const sets: Partial<Record<FieldName, unknown>> = {};
  for (const field of ADDRESS_FIELDS) if (half[field]) sets[field] = change(half[field]);
  return { ...half, ...sets };
}
