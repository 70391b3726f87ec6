// docs/json.md names every kind of document that the program prints.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** Of records on disk, of plans and of state files; commands print none of them. */
const ELSEWHERE = ['Host', 'Policy'];

it('every kind of document is named in docs/json.md', () => {
  const text = readFileSync('docs/json.md', 'utf8');
  const kinds = readdirSync('src', { recursive: true, withFileTypes: true })
    .filter(({ name }) => name.endsWith('.ts'))
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'))
    .flatMap((source) => [...source.matchAll(/\bkind: '([A-Z]\w+)'(?: \| '([A-Z]\w+)')?/g)])
    .flatMap(([, one, other]) => [one ?? '', other ?? ''])
    .filter((kind) => kind !== '' && !ELSEWHERE.includes(kind));
  expect(new Set(kinds).size).toBeGreaterThan(25);
  const printed = (kind: string) =>
    text.includes(`\`${kind}\``) || text.includes(`"${kind}"`) || text.includes(`## ${kind}`);
  expect([...new Set(kinds)].filter((kind) => !printed(kind))).toEqual([]);
});
