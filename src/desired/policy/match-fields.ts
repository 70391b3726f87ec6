// The fields of a match, in a rule and in `protect`, and those of them that the packet of a test has: made of what each field
// says of itself (policy/fields/).
import * as z from 'zod';
import type { FieldName } from '../../model/policy.js';
import type { WrittenMatch, WrittenPacketFields } from '../../policy/fields/field.js';
import { FIELD_NAMES, FIELDS } from '../../policy/fields/registry.js';
import { notationSchema } from './notation-schema.js';
import { mayBeAbsent, oneOrMany, toIssue } from './values.js';

/** Schemas of fields that may be absent, by name. */
type Shape<T> = { [N in keyof T]-?: z.ZodExactOptional<z.ZodType<NonNullable<T[N]>>> };

function shape<T>(schemaOf: (name: FieldName) => z.ZodType, help: 'match' | 'packet'): Shape<T> {
  const entries = FIELD_NAMES.map((name) => {
    const schema = mayBeAbsent(schemaOf(name));
    const text = FIELDS[name].help[help];
    return [name, text === undefined ? schema : schema.describe(text)];
  });
  return Object.fromEntries(entries) as Shape<T>;
}

const inMatch = shape<Omit<WrittenMatch, 'not'>>(
  (name) => oneOrMany(notationSchema<unknown>(FIELDS[name].inMatch)),
  'match',
);

const EMPTY = {
  message: 'must have a field: without one it leaves nothing out',
  hint: 'Write under it what the packet does not have: not: {source: 192.0.2.0/24}.',
};

const not = z
  .strictObject(inMatch)
  .superRefine((fields, context) => {
    if (Object.keys(fields).length === 0) context.issues.push(toIssue(EMPTY, fields));
  })
  .meta({
    description: 'The packet has each of these fields, and none of them agrees.',
    minProperties: 1,
  });

export const matchFields = z.strictObject({ ...inMatch, not: mayBeAbsent(not) });

/** Each with one value. */
export const packetFields: Shape<WrittenPacketFields> = shape(
  (name) => notationSchema<unknown>(FIELDS[name].inPacket),
  'packet',
);
