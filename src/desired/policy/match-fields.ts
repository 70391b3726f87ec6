// The fields of a match, in a rule and in `protect`, and those of them that the packet of a test has: made of what each field
// says of itself (policy/fields/).
import * as z from 'zod';
import type { FieldName } from '../../model/policy.js';
import type { WrittenMatch, WrittenPacketFields } from '../../policy/fields/field.js';
import { FIELD_NAMES, FIELDS } from '../../policy/fields/registry.js';
import { notationSchema } from './notation-schema.js';
import { mayBeAbsent, oneOrMany } from './values.js';

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

export const matchFields = z.strictObject(
  shape<WrittenMatch>((name) => oneOrMany(notationSchema<unknown>(FIELDS[name].inMatch)), 'match'),
);

/** Each with one value. */
export const packetFields: Shape<WrittenPacketFields> = shape(
  (name) => notationSchema<unknown>(FIELDS[name].inPacket),
  'packet',
);
