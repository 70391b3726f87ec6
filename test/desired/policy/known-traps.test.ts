// Texts that look as if most of their rules were known, and mean something else.
import { expect, test } from 'vitest';
import { known, read } from './known-policy.js';
import { policyFile, stateDir } from '../state-dir.js';

const THREE = [
  'rules: [',
  '    {name: a, action: drop},',
  '    {name: b, action: drop},',
  '    {name: c, action: drop}',
  ']',
];

/** Flows of which each item stands on lines of its own, and what takes a known item into something else. */
const FLOW_TRAPS: [string, string[], string[]][] = [
  [
    'an item behind the line of another map',
    THREE,
    [
      'rules: [',
      '    {name: x, action: drop, match:',
      '    {name: a, action: drop},',
      '    {protocol: tcp} }, {name: q, action: drop}',
      ']',
    ],
  ],
  [
    'an item behind a quote that is closed in its line',
    THREE,
    [
      'rules: [',
      '    {action: drop, name: "x',
      '    {name: a, action: drop},',
      '    {b"}, {name: q, action: drop}',
      ']',
    ],
  ],
  [
    'maps below their dashes, and a comma in a comment',
    [
      'rules:',
      '  -',
      '    {name: a, action: drop}',
      '  - # x,',
      '    {name: b, action: drop}',
      '  -',
      '    {name: c, action: drop}',
    ],
    ['rules: [', '    {name: a, action: drop}', '  - # x,', '    {name: b, action: drop}', ']'],
  ],
];

test.each(FLOW_TRAPS)('%s is read as ever', (_what, before, after) => {
  const folder = stateDir({});
  const was = known(folder, policyFile(...before));
  const text = policyFile(...after);
  expect(read(folder, text, was)).toEqual(read(folder, text));
});

test('a file of too many tokens is refused, however few of them are new', () => {
  const ports = (count: number): string => Array.from({ length: count }, (_, at) => at).join(',');
  const rule = (name: string, count: number): string =>
    `  - {name: ${name}, action: drop, match: {protocol: tcp, destinationPort: [${ports(count)}]}}`;
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const rules = names.map((name) => rule(name, 50_000));
  const folder = stateDir({});
  const was = known(folder, policyFile('rules:', ...rules));
  const text = policyFile('rules:', ...rules, rule('g', 50_000), '  - {name: h, action: drop}');
  const fresh = read(folder, text);
  expect(fresh.problems).toMatchObject([{ summary: 'file too large' }]);
  expect(read(folder, text, was)).toEqual(fresh);
});
