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
  enum?: unknown[];
  type?: string;
  minimum?: number;
}

export function jsonSchema(kind: WrittenKind): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(SCHEMAS[kind], { target: 'draft-7', io: 'input' });
}

/** The text of `schema/<kind>.schema.json`. */
export function printSchema(kind: SchemaKind): string {
  return `${JSON.stringify(jsonSchema(kind), null, 2)}\n`;
}

/** What the schema says of the place at a path. Alternatives of a value are one place to a reader. */
export interface SchemaPlaces {
  /** The fields of the map there; none where keys are free. */
  fields: (path: readonly PropertyKey[]) => string[];
  /** The words that the value may be. */
  words: (path: readonly PropertyKey[]) => string[];
  /** The least whole number that it may be; `undefined` where it is no number. */
  least: (path: readonly PropertyKey[]) => number | undefined;
}

export function schemaPlaces(kind: WrittenKind): SchemaPlaces {
  const root = jsonSchema(kind) as JsonSchema;
  const at = (path: readonly PropertyKey[]): JsonSchema[] =>
    path
      .reduce<JsonSchema[]>((schemas, key) => schemas.flatMap((one) => step(one, key)), [root])
      .flatMap(alternatives);
  return {
    fields: (path) => [...new Set(at(path).flatMap(({ properties = {} }) => Object.keys(properties)))],
    words: (path) => [
      ...new Set(at(path).flatMap((one) => (one.enum ?? []).filter((word) => typeof word === 'string'))),
    ],
    least: (path) => at(path).find(({ type }) => type === 'integer' || type === 'number')?.minimum,
  };
}

function step(schema: JsonSchema, key: PropertyKey): JsonSchema[] {
  return alternatives(schema).flatMap(({ properties, additionalProperties, items }) => {
    const next = typeof key === 'number' ? items : (properties?.[String(key)] ?? additionalProperties);
    return next ? [next] : [];
  });
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  return [schema, ...(schema.anyOf ?? []).flatMap(alternatives)];
}
