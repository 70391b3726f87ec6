import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { printSchema, SCHEMA_KINDS, schemaPlaces } from '../../src/desired/json-schema.js';

test.each(SCHEMA_KINDS)('schema/%s.schema.json is what the code says', (kind) => {
  const committed = readFileSync(new URL(`../../schema/${kind}.schema.json`, import.meta.url), 'utf8');
  expect(printSchema(kind)).toBe(committed);
});

test.each<[kind: 'host' | 'policy', path: PropertyKey[], expected: string[]]>([
  [
    'host',
    [],
    ['apiVersion', 'kind', 'name', 'interfaces', 'protect', 'connections', 'probes', 'guard', 'confirm'],
  ],
  ['host', ['interfaces', 'ens5'], ['mode', 'policy', 'policies', 'tests', 'program', 'foreign', 'drift']],
  [
    'policy',
    ['rules', 7],
    [
      'name',
      'match',
      'action',
      'rateLimit',
      'log',
      'until',
      'description',
      'owner',
      'ticket',
      'enabled',
      'use',
    ],
  ],
  ['policy', ['rules', 7, 'match', 'source', 0], ['list']],
  ['policy', ['rules', 7, 'match', 'source'], ['list']],
  ['policy', ['rules', 7, 'action', 'redirect'], ['interface', 'cpu']],
  ['policy', ['no', 'such', 'place'], []],
])('the fields of a %s at %j', (kind, path, expected) => {
  expect(schemaPlaces(kind).fields(path)).toEqual(expected);
});

/** Every map of named fields is closed, and every field says what it is. */
function check(schema: Record<string, unknown>, path: string): void {
  expect(schema['description'], `${path} has a description`).toBeTypeOf('string');
  const fields = Object.entries((schema['properties'] ?? {}) as Record<string, Record<string, unknown>>);
  if (fields.length > 0) expect(schema['additionalProperties'], `${path} is closed`).toBe(false);
  for (const [name, field] of fields) check(field, `${path}.${name}`);
  const free = schema['additionalProperties'];
  if (typeof free === 'object') check(free as Record<string, unknown>, `${path}.*`);
}

test.each(SCHEMA_KINDS)(
  'a %s has no field without a description, and no map that takes any field',
  (kind) => {
    check(JSON.parse(printSchema(kind)) as Record<string, unknown>, kind);
  },
);
