import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fieldNamesAt, printHostSchema } from '../../src/desired/json-schema.js';

test('the committed schema is current', () => {
  expect(readFileSync('schema/host.schema.json', 'utf8')).toBe(printHostSchema());
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

test('what the loader refuses, an editor refuses too, where JSON schema can say it', () => {
  const schema = JSON.parse(printHostSchema()) as Record<string, unknown>;
  check(schema, 'Host');
  expect(schema).toMatchObject({
    required: ['apiVersion', 'kind', 'name', 'interfaces'],
    properties: {
      apiVersion: { const: 'xdpkeep/v1' },
      kind: { const: 'Host' },
      name: { pattern: expect.any(String) as string },
      interfaces: {
        propertyNames: {
          maxLength: 64,
          allOf: [{ pattern: expect.any(String) as string }, { pattern: expect.any(String) as string }],
        },
        additionalProperties: {
          required: ['program'],
          properties: {
            mode: { enum: ['auto', 'native', 'generic', 'offload'], default: 'auto' },
            foreign: { enum: ['refuse', 'replace'], default: 'refuse' },
            program: { oneOf: [{ required: ['builtin'] }, { required: ['file'] }] },
          },
        },
      },
    },
  });
});

test('the fields at a place', () => {
  expect(fieldNamesAt([])).toEqual(['apiVersion', 'kind', 'name', 'interfaces']);
  expect(fieldNamesAt(['interfaces'])).toEqual([]);
  expect(fieldNamesAt(['interfaces', 'ens5'])).toEqual(['mode', 'program', 'foreign']);
  expect(fieldNamesAt(['interfaces', 'ens5', 'program'])).toEqual(['builtin', 'file', 'function']);
  expect(fieldNamesAt(['nowhere', 'at', 'all'])).toEqual([]);
});
