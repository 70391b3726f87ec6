import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from '../../src/text/canonical-json.js';

test('keys are sorted at every level, lists are not', () => {
  expect(canonicalJson({ b: [2, 1, { d: 1, c: undefined }], a: null })).toBe('{"a":null,"b":[2,1,{"d":1}]}');
});

test('it is JSON of the same value, and one text whatever the order of the keys', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const text = canonicalJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(Object.fromEntries(Object.entries(value).reverse()))).toBe(text);
    }),
  );
});
