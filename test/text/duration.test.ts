import { expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../src/text/duration.js';

test.each<[string, number | undefined]>([
  ['500ms', 500],
  ['30s', 30_000],
  ['2m', 120_000],
  ['24h', 86_400_000],
  ['1d', 86_400_000],
  ['1h30m', 5_400_000],
  ['1m500ms', 60_500],
  ['0s', undefined],
  ['', undefined],
  ['2', undefined],
  ['h', undefined],
  ['2 m', undefined],
  ['1.5m', undefined],
  ['-2m', undefined],
  ['2H', undefined],
  ['9999999999s', undefined],
])('%j is %s milliseconds', (text, ms) => {
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
