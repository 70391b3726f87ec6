// Wrong indentation is one fault, told at the line that is wrong.
import { expect, test } from 'vitest';
import type { Diagnostic } from '../../../src/model/diagnostic.js';
import { readHost, readPolicy } from '../readers.js';
import { placeAndSummary, policyFile, stateDir } from '../state-dir.js';

function problemsOf(text: string): Diagnostic[] {
  return readPolicy(stateDir({ 'policies/edge.yaml': text })).problems;
}

const told = (problems: Diagnostic[]) => problems.map((one) => placeAndSummary(one).replace(/^[^:]*:/, ''));

test.each<[what: string, lines: string[], expected: string]>([
  ['a field deeper than the first', ['- name: a', '   match: {protocol: tcp}', '   action: drop'], '6:4-26'],
  [
    'fields at the column of the dash',
    ['  - name: a', '  match: {protocol: tcp}', '  action: drop'],
    '6:3-25',
  ],
  ['a field between two columns', ['  - name: a', '    match: {protocol: tcp}', '   action: drop'], '7:4-16'],
  ['a field below a value', ['  - name: a', '    match: {protocol: tcp}', '     action: drop'], '7:6-18'],
  ['the last of several rules', ['- {name: a, action: drop}', '- name: b', '   action: drop'], '7:4-16'],
  ['a comment between', ['- name: a', '# why', '   action: drop # so'], '7:4-16'],
  [
    'a list that begins too far left',
    ['  - name: a', '    action: drop', ' - name: b', '   action: drop'],
    '7:2-11',
  ],
  ['a rule that is deeper than the one before', ['- name: a', '  action: drop', '   - name: b'], '7:4-13'],
])('%s', (_what, lines, expected) => {
  const problems = problemsOf(policyFile('rules:', ...lines));
  expect(told(problems)).toEqual([`${expected} wrong indentation`]);
  expect(problems[0]?.detail).toMatch(/^line \d+ begins at column \d+, .* of line \d+ begin at column \d+$/);
  expect(problems[0]?.hint).toContain('Indent');
});

test('the fields of a match that stand beside it are one fault', () => {
  const lines = ['- name: a', '  match:', '  protocol: tcp', '  destinationPort: 22', '  action: drop'];
  const problems = problemsOf(policyFile('rules:', ...lines));
  expect(told(problems)).toEqual(['6:3-8 wrong indentation']);
  expect(problems[0]).toMatchObject({
    detail: '`match` is empty, and fields of it stand beside it: `protocol`, `destinationPort`',
    hint: 'Indent them deeper than `match:`.',
  });
});

test('so are those of an interface', () => {
  const text =
    'apiVersion: xdpkeep/v1\nkind: Host\nname: edge-1\ninterfaces:\n  ens5:\n  policy: edge\n  mode: native\n';
  const { problems } = readHost(stateDir({ 'hosts/edge-1.yaml': text, 'policies/edge.yaml': policyFile() }));
  expect(told(problems)).toEqual(['5:3-7 wrong indentation']);
  expect(problems[0]?.hint).toBe('Indent them deeper than `ens5:`.');
});

test.each<[what: string, lines: string[]]>([
  ['an open bracket', ['- {name: a, match: {protocol: tcp, action: drop}']],
  ['a colon in text', ['- name: a: b', '  action: drop']],
  ['an open quote', ['- name: "a', '  action: drop']],
])('other mistakes keep their own message: %s', (_what, lines) => {
  expect(problemsOf(policyFile('rules:', ...lines)).map(({ summary }) => summary)).toEqual([
    'not valid YAML',
  ]);
});
