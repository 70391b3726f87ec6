import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readStateFile, STATE_FILE_LIMIT } from '../../src/desired/read.js';
import type { Diagnostic } from '../../src/model/diagnostic.js';
import { placeAndSummary, stateDir } from './state-dir.js';

const FILE = 'hosts/a.yaml';

function read(folder: string): { text: string | undefined; problems: string[] } {
  const problems: Diagnostic[] = [];
  const source = readStateFile(folder, FILE, problems);
  return { text: source?.text, problems: problems.map(placeAndSummary) };
}

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));

test.each<[name: string, content: Uint8Array, expected: string]>([
  ['a lone byte', bytes('name: a\nb: ', [0xff], '\n'), '2:4'],
  ['a truncated sequence at the end', bytes('ab', [0xe2, 0x82]), '1:3'],
  ['a truncated sequence that looks like U+FFFD', bytes('é', [0xef, 0xbf], 'x'), '1:2'],
  ['after a real U+FFFD', bytes('\ufffd\n\ufffd', [0xc3, 0x28]), '2:2'],
  ['after a byte order mark', bytes('\ufeffab', [0x80]), '1:3'],
  ['an encoded surrogate', bytes('a', [0xed, 0xa0, 0x80]), '1:2'],
  ['UTF-16', Buffer.from('\ufeffname', 'utf16le'), '1:1'],
])('not UTF-8: %s', (_name, content, place) => {
  expect(read(stateDir({ [FILE]: content }))).toEqual({
    text: undefined,
    problems: [`${FILE}:${place} not UTF-8`],
  });
});

test('a byte order mark is no part of the text', () => {
  expect(read(stateDir({ [FILE]: '\ufeffname: ü\n' }))).toEqual({ text: 'name: ü\n', problems: [] });
});

test('4 MiB are read, one byte more is refused', () => {
  const folder = stateDir({ [FILE]: '#'.repeat(STATE_FILE_LIMIT) });
  expect(read(folder).text).toHaveLength(STATE_FILE_LIMIT);
  const larger = stateDir({ [FILE]: '#'.repeat(STATE_FILE_LIMIT + 1) });
  expect(read(larger).problems).toEqual([`${FILE}:1:1 file too large`]);
});

test('what is no regular file inside the state directory is refused without waiting for it', () => {
  const folder = stateDir({ 'hosts/b.yaml': 'b', 'hosts/real/c.yaml': 'c' });
  const path = join(folder, FILE);
  const outside = stateDir({ 'a.yaml': 'secret' });
  expect(read(folder).problems).toEqual([`${FILE}:1:1 cannot read file`]);
  execFileSync('mkfifo', [path]);
  expect(read(folder).problems).toEqual([`${FILE}:1:1 not a regular file`]);
  const cases: [target: string, problems: string[]][] = [
    [join(outside, 'a.yaml'), ['file outside the state directory']],
    ['a.yaml', ['cannot read file']],
    ['/dev/zero', ['file outside the state directory']],
    ['b.yaml', []],
    ['real/c.yaml', []],
    ['real', ['not a regular file']],
  ];
  for (const [target, summaries] of cases) {
    execFileSync('rm', [path]);
    symlinkSync(target, path);
    expect(read(folder).problems).toEqual(summaries.map((summary) => `${FILE}:1:1 ${summary}`));
  }
});

test('a state directory that is itself behind a link is a state directory', () => {
  const folder = stateDir({ [FILE]: 'x' });
  const around = stateDir({});
  mkdirSync(join(around, 'releases'));
  symlinkSync(folder, join(around, 'current'));
  expect(read(join(around, 'current')).text).toBe('x');
});
