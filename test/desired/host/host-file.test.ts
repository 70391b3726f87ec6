// Every refusal of a Host file, with the exact place: "<line>:<column>-<end> <summary>".
import { expect, test } from 'vitest';
import type { Diagnostic } from '../../../src/model/diagnostic.js';
import { readHost } from '../readers.js';
import { placeAndSummary, hostFile, stateDir } from '../state-dir.js';

function problemsOf(text: string | Uint8Array): Diagnostic[] {
  return readHost(stateDir({ 'hosts/edge-1.yaml': text })).problems;
}

const short = (problem: Diagnostic) => placeAndSummary(problem).replace('hosts/edge-1.yaml:', '');

const PROGRAM = 'program: {builtin: icmp-drop}';
const VALID = hostFile(`  e: {${PROGRAM}}`);
const withInterface = (line: string) => hostFile(`  ${line}`);

test.each<[name: string, text: string, expected: string[]]>([
  ['nothing at all', '', ['1:1 empty file']],
  ['comments alone', '# one\n# two\n', ['1:1 empty file']],
  ['null', 'null\n', ['1:1 empty file']],
  ['text', 'hello\n', ['1:1-6 wrong type']],
  ['a list', '- a\n', ['1:1 wrong type']],
  ['every field missing', '{}', ['1:1', '1:1', '1:1', '1:1'].map((place) => `${place} missing field`)],
  ['empty interfaces', hostFile().replace('interfaces:', 'interfaces:'), ['4:1-11 wrong type']],
  ['interfaces as a list', hostFile('  - a'), ['4:1-11 wrong type']],
  [
    'another version',
    hostFile().replace('v1', 'v2').replace('faces:', 'faces: {}'),
    ['1:13-23 invalid value'],
  ],
  [
    'another kind',
    hostFile().replace('Host', 'Policy').replace('faces:', 'faces: {}'),
    ['2:7-13 invalid value'],
  ],
  ['a number as name', hostFile(`  e: {${PROGRAM}}`).replace('edge-1', '12'), ['3:7-9 wrong type']],
  ['a path as name', hostFile(`  e: {${PROGRAM}}`).replace('edge-1', '../x'), ['3:7-11 invalid value']],
  [
    'the name of another',
    hostFile(`  e: {${PROGRAM}}`).replace('edge-1', 'edge-2'),
    ['3:7-13 name is not that of the file'],
  ],
  ['unknown top field', `${withInterface(`e: {${PROGRAM}}`)}colour: red\n`, ['6:1-7 unknown field']],
  ['a field of a later version', `${withInterface(`e: {${PROGRAM}}`)}hooks: []\n`, ['6:1-6 unknown field']],
  ['a time without a unit', `${VALID}confirm: 120\n`, ['6:10-13 wrong type']],
  ['a time that is too short', `${VALID}confirm: 2s\n`, ['6:10-12 invalid value']],
  ['a probe of nothing', `${VALID}probes: [{tries: 2}]\n`, ['6:10 missing field']],
  ['two probes in one', `${VALID}probes: [{ping: a, dns: b}]\n`, ['6:25-26 invalid value']],
  ['a resolver without a name', `${VALID}probes: [{ping: a, server: b}]\n`, ['6:28-29 invalid value']],
  ['a port that is none', `${VALID}probes: [{tcp: "a:0"}]\n`, ['6:16-21 invalid value']],
  ['an option for a host', `${VALID}probes: [{ping: -f}]\n`, ['6:17-19 invalid value']],
  ['another protocol', `${VALID}probes: [{http: "ftp://x"}]\n`, ['6:17-26 invalid value']],
  ['a command of PATH', `${VALID}probes: [{exec: [true-or-not]}]\n`, ['6:11-15 invalid value']],
  ['no try at all', `${VALID}probes: [{ping: a, tries: 0}]\n`, ['6:27-28 invalid value']],
  ['a guard without a window', `${VALID}guard: {factor: 2}\n`, ['6:1-6 missing field']],
  ['an unknown field of a guard', `${VALID}guard: {window: 5s, dropRate: 5}\n`, ['6:21-29 unknown field']],
  ['unknown interface field', withInterface(`e: {mod: native, ${PROGRAM}}`), ['5:7-10 unknown field']],
  ['unknown program field', withInterface('e: {program: {bultin: icmp-drop}}'), ['5:17-23 unknown field']],
  ['neither policy nor program', withInterface('e: {mode: native}'), ['5:3-4 missing field']],
  ['policy and program', withInterface(`e: {policy: edge, ${PROGRAM}}`), ['5:21-28 invalid value']],
  ['a path as policy', withInterface('e: {policy: ../x}'), ['5:15-19 invalid value']],
  ['protect as a map', `${VALID}protect: {protocol: tcp}\n`, ['6:1-8 wrong type']],
  ['protecting everything', `${VALID}protect: [{}]\n`, ['6:11 invalid value']],
  ['protecting an unknown field', `${VALID}protect: [{prot: 6}]\n`, ['6:12-16 unknown field']],
  [
    'protecting a port of no protocol',
    `${VALID}protect: [{sourcePort: 1}]\n`,
    ['6:24-25 port without a port protocol'],
  ],
  ['protecting an unknown list', `${VALID}protect: [{source: {list: x}}]\n`, ['6:27-28 unknown list']],
  ['257 protected flows', `${VALID}protect: [${'{ttl: 1}, '.repeat(257)}]\n`, ['6:1-8 invalid value']],
  ['an empty interface', withInterface('e:'), ['5:3-4 wrong type']],
  ['an empty program', withInterface('e: {program: {}}'), ['5:7-14 invalid value']],
  ['a program as text', withInterface('e: {program: icmp-drop}'), ['5:16-25 wrong type']],
  [
    'builtin and file',
    withInterface('e: {program: {builtin: icmp-drop, file: a.bpf.c}}'),
    ['5:7-14 invalid value'],
  ],
  [
    'builtin and function',
    withInterface('e: {program: {builtin: icmp-drop, function: f}}'),
    ['5:7-14 invalid value'],
  ],
  ['unknown builtin', withInterface('e: {program: {builtin: icmp-dorp}}'), ['5:26-35 invalid value']],
  ['no C function', withInterface('e: {program: {file: a.bpf.c, function: a-b}}'), ['5:42-45 invalid value']],
  ['unknown mode', withInterface(`e: {mode: natve, ${PROGRAM}}`), ['5:13-18 invalid value']],
  ['a boolean mode', withInterface(`e: {mode: true, ${PROGRAM}}`), ['5:13-17 invalid value']],
  ['unknown foreign', withInterface(`e: {foreign: keep, ${PROGRAM}}`), ['5:16-20 invalid value']],
  ['absolute file', withInterface('e: {program: {file: /etc/a.bpf.o}}'), ['5:23-35 invalid value']],
  ['file above', withInterface('e: {program: {file: programs/../../a.bpf.o}}'), ['5:23-45 invalid value']],
  ['file of another kind', withInterface('e: {program: {file: programs/a.c}}'), ['5:23-35 invalid value']],
  ['slash in a name', withInterface(`a/b: {${PROGRAM}}`), ['5:3-6 invalid interface name']],
  ['space in a name', withInterface(`a b: {${PROGRAM}}`), ['5:3-6 invalid interface name']],
  ['dots as a name', withInterface(`..: {${PROGRAM}}`), ['5:3-5 invalid interface name']],
  ['128 characters', withInterface(`${'a'.repeat(128)}: {${PROGRAM}}`), ['5:3-131 invalid interface name']],
  ['128 bytes', withInterface(`${'é'.repeat(64)}: {${PROGRAM}}`), ['5:3-67 invalid interface name']],
  ['an open set', withInterface(`"[ab": {${PROGRAM}}`), ['5:3-8 invalid interface name']],
  ['a reserved key', withInterface(`__proto__: {${PROGRAM}}`), ['5:3-12 reserved key']],
  ['a duplicate key', hostFile(`  e: {${PROGRAM}}`, `  e: {${PROGRAM}}`), ['6:3-4 duplicate key']],
  ['a duplicate field', withInterface(`e: {mode: auto, mode: auto, ${PROGRAM}}`), ['5:19-23 duplicate key']],
  ['an anchor', withInterface(`e: &a {${PROGRAM}}`), ['5:6-8 anchor']],
  ['an alias', withInterface('e: {program: *a}'), ['5:16-18 alias']],
  ['a tag', withInterface(`e: !!map {${PROGRAM}}`), ['5:6-11 tag']],
  ['an unknown tag', withInterface(`e: {mode: !x auto, ${PROGRAM}}`), ['5:13-15 tag']],
  ['a directive', `%YAML 1.1\n---\n${withInterface(`e: {${PROGRAM}}`)}`, ['1:1-10 directive']],
  ['two documents', `${withInterface(`e: {${PROGRAM}}`)}---\na: 1\n`, ['6:1-4 several documents']],
  ['a tab', hostFile('\te: 1'), ['5:1-2 not valid YAML']],
  ['an open quote', withInterface('"e: {}'), ['6:1 not valid YAML']],
  ['a set as key without quotes', withInterface(`[ab]: {${PROGRAM}}`), ['5:3-4 not valid YAML']],
  ['deep nesting', '['.repeat(40), ['1:32-33 nested too deeply']],
])('%s', (_name, text, expected) => {
  expect(problemsOf(text).map(short)).toEqual(expected);
});

test('all problems of a file are told in one run', () => {
  const text = hostFile('  a/b: {mode: 3}', '  e: {mod: auto, program: &p {file: /x}}', '  e: *p').replace(
    'edge-1',
    'other',
  );
  expect(problemsOf(text).map(short).sort(byText)).toEqual(
    [
      '6:27-29 anchor',
      '7:6-8 alias',
      '7:3-4 duplicate key',
      '6:7-10 unknown field',
      '6:37-39 invalid value',
      '5:3-6 invalid interface name',
      '5:15-16 invalid value',
      '5:3-6 missing field',
      '3:7-12 name is not that of the file',
    ].sort(byText),
  );
});

test('what is wrong is said with a suggestion', () => {
  const [problem] = problemsOf(withInterface(`e: {mod: native, ${PROGRAM}}`));
  expect(problem).toEqual({
    severity: 'error',
    summary: 'unknown field',
    detail: '"mod" is none of the fields here: mode, policy, policies, tests, program, foreign, drift',
    hint: 'Did you mean "mode"?',
    at: { file: 'hosts/edge-1.yaml', line: 5, column: 7 },
    endColumn: 10,
    excerpt: `  e: {mod: native, ${PROGRAM}}`,
  });
});

test('a file of thousands of mistakes is cut short', () => {
  const lines = Array.from({ length: 5000 }, (_, at) => `k${at}: 1`).join('\n');
  const problems = problemsOf(lines);
  expect(problems).toHaveLength(101);
  expect(problems.at(-1)?.summary).toBe('more problems');
});

test('a valid file gives its interfaces in file order, with defaults and places', () => {
  const text = hostFile(
    `  "veth*": {${PROGRAM}}`,
    '  "10": # a name that an object would put first',
    '    mode: generic',
    '    foreign: replace',
    '    program: {file: programs/a.bpf.c, function: fw}',
  );
  const read = readHost(stateDir({ 'hosts/edge-1.yaml': `\ufeff${text}` }));
  expect(read.problems).toEqual([]);
  expect(read.interfaces.map(({ placeOf, ...rest }) => ({ ...rest, file: placeOf('file').at }))).toEqual([
    {
      pattern: 'veth*',
      mode: 'auto',
      foreign: 'refuse',
      drift: 'enforce',
      program: { builtin: 'icmp-drop' },
      policies: [],
      tests: [],
      at: { file: 'hosts/edge-1.yaml', line: 5, column: 3 },
      file: { file: 'hosts/edge-1.yaml', line: 5, column: 13 },
    },
    {
      pattern: '10',
      mode: 'generic',
      foreign: 'replace',
      drift: 'enforce',
      program: { file: 'programs/a.bpf.c', function: 'fw' },
      policies: [],
      tests: [],
      at: { file: 'hosts/edge-1.yaml', line: 6, column: 3 },
      file: { file: 'hosts/edge-1.yaml', line: 9, column: 21 },
    },
  ]);
});

test.each([
  'ens5',
  'a',
  'abcdefghijklmno',
  'br-lan.100',
  'ens5@x',
  'veth*',
  'e?h[0-9]',
  '[!a-c]*',
  'no',
  '1',
  'null',
])('an interface may be called %s', (name) => {
  expect(problemsOf(withInterface(`"${name}": {${PROGRAM}}`))).toEqual([]);
});

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}
