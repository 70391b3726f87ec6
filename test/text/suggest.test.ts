import { expect, test } from 'vitest';
import { suggest } from '../../src/text/suggest.js';

test.each<[word: string, candidates: string[], expected: string | undefined]>([
  ['mod', ['mode', 'program'], 'mode'],
  ['natvie', ['auto', 'native'], 'native'],
  ['NATIVE', ['native'], 'native'],
  ['edge-11', ['edge-1', 'edge-2'], 'edge-1'],
  ['egde-1', ['edge-1', 'edge-2'], 'edge-1'],
  ['icmp_drop', ['icmp-drop'], 'icmp-drop'],
  ['fw', ['fv', 'gw', 'fw'], 'fw'],
  ['colour', ['mode', 'program'], undefined],
  ['', ['mode'], undefined],
  ['x'.repeat(65), ['x'.repeat(64)], undefined],
  ['mode', [], undefined],
])('%j among %j is %j', (word, candidates, expected) => {
  expect(suggest(word, candidates)).toBe(expected);
});
