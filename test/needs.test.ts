// Which tests need what: a test that says too little would be run where it cannot.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { needsOf, needsOfArguments, testFiles } from '../scripts/test/needs.mjs';

const modules = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join('test', file));

it('what uses the lab, or what was built, needs the lab', () => {
  const using = modules.filter(
    (file) =>
      !file.startsWith('test/children/') && // run by others
      !['test/needs.test.ts', 'test/global-setup.ts'].includes(file) &&
      /\binject\(|['"(]dist\//.test(readFileSync(file, 'utf8')),
  );
  expect(using.length).toBeGreaterThan(5);
  expect(using.filter((file) => !needsOf(file).includes('lab'))).toEqual([]);
});

it('every word is known where tests are set up', () => {
  const [, known = ''] = /case \$word in\n([^*]*)/.exec(readFileSync('scripts/setup.sh', 'utf8')) ?? [];
  const words = known.split(/[\s|);]+/);
  expect(needsOfArguments([]).filter((word) => !words.includes(word))).toEqual([]);
});

it('only what is named is set up', () => {
  expect(needsOfArguments(['test/plan'])).toEqual([]);
  expect(needsOfArguments(['./test/plan', '--bail=1'])).toEqual([]);
  expect(needsOfArguments(['test/page'])).toEqual(expect.arrayContaining(['chromium', 'lab']));
  expect(needsOfArguments(['test/page'])).not.toContain('qemu');
  expect(needsOfArguments(['test/qemu'])).toEqual(expect.arrayContaining(['qemu', 'debian']));
  expect(needsOfArguments(['test/source'])).toEqual(['git', 'lab']);
});

it('everything is set up where no file is named', () => {
  expect(needsOfArguments(['-t', 'plan'])).toEqual(needsOfArguments([]));
  expect(needsOfArguments([])).toEqual(expect.arrayContaining(['debian', 'chromium', 'lab', 'qemu']));
});

it('the pure core, what files mean and how results look are tested without anything', () => {
  const core = testFiles().filter((file) => /^test\/(model|diff|plan|verify)\//.test(file));
  expect(core.length).toBeGreaterThan(5);
  expect(core.filter((file) => needsOf(file).length > 0)).toEqual([]);
});
