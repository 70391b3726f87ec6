import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fieldNamesOf, printSchema, SCHEMA_KINDS } from '../../src/desired/json-schema.js';

test.each(SCHEMA_KINDS)('schema/%s.schema.json is what the code says', (kind) => {
  const committed = readFileSync(new URL(`../../schema/${kind}.schema.json`, import.meta.url), 'utf8');
  expect(printSchema(kind)).toBe(committed);
});

test.each<[kind: 'host' | 'policy', path: PropertyKey[], expected: string[]]>([
  ['host', [], ['apiVersion', 'kind', 'name', 'interfaces', 'protect']],
  ['host', ['interfaces', 'ens5'], ['mode', 'policy', 'program', 'foreign']],
  ['policy', ['rules', 7], ['name', 'match', 'action', 'rateLimit', 'log', 'until']],
  ['policy', ['rules', 7, 'match', 'source', 0], ['list']],
  ['policy', ['rules', 7, 'match', 'source'], ['list']],
  ['policy', ['rules', 7, 'action', 'redirect'], ['interface', 'cpu']],
  ['policy', ['no', 'such', 'place'], []],
])('the fields of a %s at %j', (kind, path, expected) => {
  expect(fieldNamesOf(kind)(path)).toEqual(expected);
});
