// The decision pages: each has a number of its own, and whatever names one by its number, or links to a page, finds it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const PAGES = readdirSync('docs/decisions');

/** Everything that a reader may come from. */
const TEXTS = ['src', 'bpf', 'docs', 'test', 'scripts', 'systemd']
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  )
  .concat(readdirSync('.'))
  .filter((path) => /\.(ts|md|[ch]|sh|mjs|cjs|conf)$/.test(path));

it('each has a number of its own, which its title says too', () => {
  const numbers = PAGES.map((name) => name.slice(0, 4));
  expect(numbers.filter((number, at) => numbers.indexOf(number) !== at)).toEqual([]);
  for (const name of PAGES) {
    expect(readFileSync(join('docs/decisions', name), 'utf8'), name).toMatch(
      new RegExp(`^# ${name.slice(0, 4)} `),
    );
  }
});

it('a decision that is named is there', () => {
  const named = TEXTS.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/\bdecisions? (\d{4})\b/g)].map(([, number = '']) => number),
  );
  expect(new Set(named).size).toBeGreaterThan(10);
  expect(named.filter((number) => !PAGES.some((name) => name.startsWith(`${number}-`)))).toEqual([]);
});

it('the links of the pages and of all documents lead somewhere', () => {
  const broken = TEXTS.filter((path) => path.endsWith('.md')).flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/\]\((?!https?:|#)([^)\s#]+)[^)]*\)/g)]
      .map(([, target = '']) => join(dirname(path), target))
      .filter((target) => !existsSync(target))
      .map((target) => `${basename(path)}: ${target}`),
  );
  expect(broken).toEqual([]);
});
