import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const { forbidden } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
  forbidden: { name: string; to: { pathNot?: string } }[];
};

/** Folder -> what it may import, as `npm run check` enforces it. */
function enforced(): Map<string, string[]> {
  return new Map(
    forbidden.flatMap(({ name, to: { pathNot = '' } }) => {
      const layer = /^layer-(.*)$/.exec(name)?.[1];
      const [, ...lower] = /\((.*)\)/.exec(pathNot)?.[1]?.split('|') ?? [];
      return layer === undefined ? [] : [[layer, lower] as const];
    }),
  );
}

/** Folder -> what it may import, as ARCHITECTURE.md says. */
function documented(): Map<string, string[]> {
  const text = readFileSync(new URL('ARCHITECTURE.md', root), 'utf8');
  const rows = [...text.matchAll(/^\| `([a-z]+)\/` +\|[^|]*\| ([^|]*)\|$/gm)];
  return new Map(
    rows.map(([, folder = '', allowed = '']) => [
      folder,
      [...allowed.matchAll(/`([a-z]+)\/`/g)].map(([, one = '']) => one),
    ]),
  );
}

test('every folder of src/ has a row in ARCHITECTURE.md and in the import rules, and both say the same', () => {
  const folders = readdirSync(new URL('src', root), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && readdirSync(new URL(`src/${entry.name}`, root)).length > 0)
    .map(({ name }) => name);
  const rules = enforced();
  const rows = documented();
  expect([...rows.keys()].sort()).toEqual(folders.sort());
  expect([...rules.keys(), 'cli'].sort()).toEqual(folders);
  rows.delete('cli'); // may import everything
  expect(rows).toEqual(rules);
});

test('no file lies loose in src/ but the two that start the program', () => {
  const files = readdirSync(new URL('src', root), { withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.map(({ name }) => name).sort()).toEqual(['bundle.ts', 'main.ts']);
});
