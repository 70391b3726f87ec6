import { expect, test } from 'vitest';
import { ProgressLine } from '../../src/report/progress.js';

function lines(isTTY: boolean, times: [now: number, doing: string, done: number][]): string[] {
  const written: string[] = [];
  let now = 0;
  const line = new ProgressLine({ isTTY, write: (text) => written.push(text) }, () => now);
  for (const [time, doing, done] of times) {
    now = time;
    line.tell({ doing, done, total: 200 });
  }
  line.end();
  return written;
}

test('what takes less than a second is not worth a word', () => {
  expect(
    lines(true, [
      [0, 'a', 1],
      [999, 'a', 200],
      [1100, 'b', 1],
      [2000, 'b', 2],
    ]),
  ).toEqual([]);
});

test('a terminal gets one line that is written over and taken away', () => {
  const bar = `${'='.repeat(15)}${' '.repeat(15)}`;
  expect(
    lines(true, [
      [0, 'a', 0],
      [1000, 'a', 100],
      [1050, 'a', 150],
      [1100, 'a', 101],
    ]),
  ).toEqual([`\r\x1b[Ka [${bar}] 50 %`, `\r\x1b[Ka [${bar}] 50 %`, '\r\x1b[K']);
});

test('a file gets a line now and then', () => {
  expect(
    lines(false, [
      [0, 'a\x1b', 0],
      [1000, 'a\x1b', 20],
      [5999, 'a\x1b', 90],
      [6000, 'a\x1b', 199],
    ]),
  ).toEqual(['a\\x1b: 10 %\n', 'a\\x1b: 99 %\n']);
});
