// What another user's folder says of a fetch: none of it is trusted, and none of it may hold a pass up.
import { execFileSync } from 'node:child_process';
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { answerFile, requireFetched } from '../../src/source/fetched.js';
import { scratch } from '../desired/state-dir.js';

const SOURCE = { git: 'https://example.org/state.git', ref: 'main', path: 'state' };
const answer = (heard: string) => JSON.stringify({ git: SOURCE.git, ref: SOURCE.ref, heard });

test('an answer that is still to come was heard now, at the latest', () => {
  const folder = scratch();
  writeFileSync(answerFile(folder), answer('2099-01-01T00:00:00.000Z'));
  const before = Date.now();
  const heard = requireFetched(folder, SOURCE).heard.getTime();
  expect(heard).toBeGreaterThanOrEqual(before);
  expect(heard).toBeLessThanOrEqual(Date.now());
  writeFileSync(answerFile(folder), answer('2026-01-01T00:00:00.000Z'));
  expect(requireFetched(folder, SOURCE).heard.toISOString()).toBe('2026-01-01T00:00:00.000Z');
});

test.each<[what: string, lay: (file: string) => void]>([
  ['a FIFO', (file) => execFileSync('mkfifo', [file])],
  [
    'a link to /dev/zero',
    (file) => {
      symlinkSync('/dev/zero', file);
    },
  ],
  [
    'an answer of more than 64 KiB',
    (file) => {
      writeFileSync(file, answer('2026-01-01T00:00:00.000Z').padEnd((64 << 10) + 1));
    },
  ],
  [
    'a sparse file',
    (file) => {
      writeFileSync(file, answer('2026-01-01T00:00:00.000Z'));
      truncateSync(file, 2 ** 32);
    },
  ],
])('%s in place of the answer is none', (_, lay) => {
  const folder = scratch();
  lay(answerFile(folder));
  expect(() => requireFetched(folder, SOURCE)).toThrow(`nothing was fetched to ${folder}`);
});
