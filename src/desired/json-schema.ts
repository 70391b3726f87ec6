// The JSON schema of the state files, for editors and for the names of the fields at a place.
import * as z from 'zod';
import { hostSchema } from './schema.js';

/** Kinds of state files that have a schema, as `xdpkeep schema` names them. */
export const SCHEMA_KINDS = ['host'] as const;

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | false;
}

function hostJsonSchema(): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(hostSchema, { target: 'draft-7', io: 'input' });
}

/** The text of `schema/host.schema.json`. */
export function printHostSchema(): string {
  return `${JSON.stringify(hostJsonSchema(), null, 2)}\n`;
}

/** The fields that the map at `path` may have; none where keys are free. */
export function fieldNamesAt(path: PropertyKey[]): string[] {
  let schema = hostJsonSchema() as JsonSchema | undefined;
  for (const key of path) {
    const { properties, additionalProperties }: JsonSchema = schema ?? {};
    schema = properties?.[String(key)] ?? (additionalProperties === false ? undefined : additionalProperties);
  }
  return Object.keys(schema?.properties ?? {});
}
