import { expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../src/model/duration.js';

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['2m', 120_000],
  ['24h', 86_400_000],
  ['0s', undefined],
  ['2', undefined],
  ['2 m', undefined],
  ['1.5m', undefined],
  ['-2m', undefined],
  ['2d', undefined],
])('%s', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  [0, '0 s'],
  [300, '0.3 s'],
  [59_400, '59 s'],
  [100_000, '1 m 40 s'],
  [120_000, '2 m'],
  [3_600_000, '1 h'],
  [3_661_000, '1 h 1 m'],
])('%s ms', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
