import { expect, it } from 'vitest';
import { parseDuration } from '../../src/model/duration.js';

it.each<[string, number | undefined]>([
  ['90s', 90],
  ['10m', 600],
  ['2h', 7200],
  ['1d', 86_400],
  ['1h30m', 5400],
  ['0s', undefined],
  ['', undefined],
  ['2', undefined],
  ['h', undefined],
  ['-1h', undefined],
  ['1.5h', undefined],
  ['2 h', undefined],
  ['2H', undefined],
  ['9999999999s', undefined],
])('%j is %s seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});
