// The JSON schema of the state files, for editors and for the names of the fields at a place.
import * as z from 'zod';
import { configSchema } from './config/config-schema.js';
import { matchSchema } from './policy/match.js';
import { packetSchema } from './policy/packet-schema.js';
import { groupSchema } from './policy/group-schema.js';
import { policySchema } from './policy/policy-schema.js';
import { hostSchema } from './host/host-schema.js';
import { repositorySchema } from './repository-schema.js';

const SCHEMAS = {
  host: hostSchema,
  policy: policySchema,
  rulegroup: groupSchema,
  packet: packetSchema,
  match: matchSchema,
  config: configSchema,
  repository: repositorySchema,
};

/** What people write in YAML: files, and the packet or match of a command line. */
export type WrittenKind = keyof typeof SCHEMAS;

/** Kinds of files that have a schema, as `xdpkeep schema` names them. */
export const SCHEMA_KINDS = ['host', 'policy', 'rulegroup', 'config', 'repository'] as const;
export type SchemaKind = (typeof SCHEMA_KINDS)[number];

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | false;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
}

export function jsonSchema(kind: WrittenKind): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(SCHEMAS[kind], { target: 'draft-7', io: 'input' });
}

/** The text of `schema/<kind>.schema.json`. */
export function printSchema(kind: SchemaKind): string {
  return `${JSON.stringify(jsonSchema(kind), null, 2)}\n`;
}

/** The fields that the map at a path may have; none where keys are free. */
export function fieldNamesOf(kind: WrittenKind): (path: PropertyKey[]) => string[] {
  const root = jsonSchema(kind) as JsonSchema;
  return (path) => {
    const there = path.reduce<JsonSchema[]>(
      (schemas, key) => schemas.flatMap((one) => step(one, key)),
      [root],
    );
    return [
      ...new Set(there.flatMap(alternatives).flatMap(({ properties }) => Object.keys(properties ?? {}))),
    ];
  };
}

function step(schema: JsonSchema, key: PropertyKey): JsonSchema[] {
  return alternatives(schema).flatMap(({ properties, additionalProperties, items }) => {
    const next = typeof key === 'number' ? items : (properties?.[String(key)] ?? additionalProperties);
    return next ? [next] : [];
  });
}

/** A value or a list of values is one place to a reader. */
function alternatives(schema: JsonSchema): JsonSchema[] {
  return [schema, ...(schema.anyOf ?? []).flatMap(alternatives)];
}
