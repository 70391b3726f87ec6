// Every key and every word that state files know, with the misspellings that fingers make: a letter lost, doubled, exchanged with its
// neighbour, another case, dashes or underscores for capitals. What was meant is among what is suggested.
import { expect, test } from 'vitest';
import { fieldMeant, valueMeant } from '../../../src/desired/advice/meant.js';
import { jsonSchema, type WrittenKind } from '../../../src/desired/json-schema.js';

const KINDS: WrittenKind[] = ['host', 'policy', 'config', 'packet', 'match'];

interface Schema {
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | false;
  items?: Schema;
  anyOf?: Schema[];
  enum?: unknown[];
}

/** Every set of names that stand beside one another, of fields or of words. */
function* sets(schema: Schema, of: 'fields' | 'words'): Generator<string[]> {
  const alternatives = [schema, ...(schema.anyOf ?? [])];
  const fields = alternatives.flatMap(({ properties = {} }) => Object.keys(properties));
  const words = alternatives.flatMap((one) => one.enum ?? []).filter((one) => typeof one === 'string');
  const names = [...new Set(of === 'fields' ? fields : words)];
  if (names.length > 0) yield names;
  for (const one of [...alternatives.slice(1), schema.items, schema.additionalProperties])
    if (one) yield* sets(one, of);
  for (const one of Object.values(schema.properties ?? {})) yield* sets(one, of);
}

function misspellings(name: string): string[] {
  const at = Array.from(name, (_, index) => index);
  return [
    ...at.map((index) => name.slice(0, index) + name.slice(index + 1)),
    ...at.map((index) => name.slice(0, index + 1) + name.slice(index)),
    ...at
      .slice(1)
      .map(
        (index) =>
          name.slice(0, index - 1) + name.charAt(index) + name.charAt(index - 1) + name.slice(index + 1),
      ),
    name.toUpperCase(),
    name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  ].filter((one) => one !== name && one.length > 1);
}

const SUGGEST = { fields: fieldMeant, words: valueMeant };

test.each(KINDS.flatMap((kind) => (['fields', 'words'] as const).map((of) => ({ kind, of }))))(
  'misspelt $of of a $kind',
  ({ kind, of }) => {
    const missed: string[] = [];
    let tried = 0;
    for (const names of sets(jsonSchema(kind) as Schema, of)) {
      for (const name of names.filter((one) => one.length > 2)) {
        for (const written of misspellings(name).filter((one) => !names.includes(one))) {
          tried++;
          const suggested = SUGGEST[of](written, names);
          if (!suggested.includes(name)) missed.push(`${written} for ${name}: ${suggested.join(', ')}`);
        }
      }
    }
    expect(missed).toEqual([]);
    expect(tried).toBeGreaterThan(20);
  },
);
