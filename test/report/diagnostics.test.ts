import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Diagnostic } from '../../src/model/diagnostic.js';
import { renderDiagnostics } from '../../src/report/diagnostics.js';
import { rounds } from '../support/budget.js';

const BASE: Diagnostic = {
  severity: 'error',
  summary: 'unknown field',
  detail: '"mod" is none of the fields here',
  hint: 'Did you mean "mode"?',
  at: { file: 'hosts/edge-1.yaml', line: 7, column: 5 },
  endColumn: 8,
  excerpt: '    mod: native',
};

const render = (...changes: Partial<Diagnostic>[]) =>
  renderDiagnostics(
    changes.map((change) => ({ ...BASE, ...change })),
    { color: false },
  );

/** The source line and the line beneath it, without the gutter. */
function frame(change: Partial<Diagnostic>): string[] {
  const lines = render(change).split('\n');
  return lines.slice(3, 5).map((line) => line.replace(/^ *\d* \| ?/, ''));
}

test('a problem with everything', () => {
  expect(render({ log: 'a.c:1: error: no\n  int\n' })).toBe(`error: unknown field
 --> hosts/edge-1.yaml:7:5
  |
7 |     mod: native
  |     ^^^
  "mod" is none of the fields here
    a.c:1: error: no
      int
help: Did you mean "mode"?
`);
});

test('two problems, of which one has no line to show', () => {
  const { summary, detail, at } = BASE;
  expect(renderDiagnostics([{ severity: 'warning', summary, detail, at }, BASE], { color: false }))
    .toBe(`warning: unknown field
 --> hosts/edge-1.yaml:7:5
  "mod" is none of the fields here

error: unknown field
 --> hosts/edge-1.yaml:7:5
  |
7 |     mod: native
  |     ^^^
  "mod" is none of the fields here
help: Did you mean "mode"?
`);
});

test.each<[name: string, change: Partial<Diagnostic>, expected: string[]]>([
  ['tabs', { excerpt: '\tmod: 1', at: { ...BASE.at, column: 2 }, endColumn: 5 }, ['    mod: 1', '    ^^^']],
  ['a point past the end', { excerpt: 'ab', at: { ...BASE.at, column: 3 }, endColumn: 3 }, ['ab', '  ^']],
  ['an empty line', { excerpt: '', at: { ...BASE.at, column: 1 }, endColumn: 1 }, ['', '^']],
  [
    'an escape sequence',
    { excerpt: '\u001b[2J x', at: { ...BASE.at, column: 6 }, endColumn: 7 },
    ['\\x1b[2J x', '        ^'],
  ],
  [
    'wide and combining characters',
    { excerpt: '日e\u0301 x', at: { ...BASE.at, column: 5 }, endColumn: 6 },
    ['日e\u0301 x', '    ^'],
  ],
  ['a surrogate pair', { excerpt: '😀 x', at: { ...BASE.at, column: 4 }, endColumn: 5 }, ['😀 x', '   ^']],
  [
    'a change of direction',
    { excerpt: '\u202ex', at: { ...BASE.at, column: 1 }, endColumn: 2 },
    ['\\u{202e}x', '^^^^^^^^'],
  ],
])('the underline fits: %s', (_name, change, expected) => {
  expect(frame(change)).toEqual(expected);
});

test('a wide line is cut around the place', () => {
  const excerpt = `${'a'.repeat(500)}HERE${'b'.repeat(500)}`;
  const [line = '', underline = ''] = frame({ excerpt, at: { ...BASE.at, column: 501 }, endColumn: 505 });
  expect(line).toBe(`...${'a'.repeat(40)}HERE${'b'.repeat(56)}...`);
  expect(underline).toBe(`${' '.repeat(43)}^^^^`);
  expect(frame({ excerpt: 'x'.repeat(500), at: { ...BASE.at, column: 1 }, endColumn: 501 })).toEqual([
    `${'x'.repeat(100)}...`,
    '^'.repeat(100),
  ]);
});

test('colour is there when it is asked for', () => {
  expect(renderDiagnostics([BASE], { color: true })).toContain('\u001b[31m');
  expect(render({})).not.toContain('\u001b');
});

test('no text of a file, a name or a tool steers the terminal', () => {
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(text, text, text, fc.nat(30), (excerpt, detail, log, column) => {
      const shown = render({
        excerpt,
        detail,
        log,
        hint: detail,
        at: { ...BASE.at, file: detail, column: column + 1 },
      });
      expect(shown).not.toMatch(/(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      expect(shown.split('\n')).toHaveLength(8 + log.trimEnd().split('\n').length);
    }),
    { numRuns: rounds(100) },
  );
});
