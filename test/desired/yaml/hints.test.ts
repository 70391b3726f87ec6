// Every diagnostic says what to do. The texts are for people: only that there is one, and the telling ones, are tested.
import { expect, test } from 'vitest';
import { readHostFile } from '../../../src/desired/host/host-file.js';
import { ListReader } from '../../../src/desired/lists/lists.js';
import { validateState } from '../../../src/desired/load-all.js';
import { MemoryObjectStore } from '../../../src/disk/object-store.js';
import type { Diagnostic } from '../../../src/model/diagnostic.js';
import { hostFile, source, stateDir } from '../state-dir.js';

function problemsOf(text: string): Diagnostic[] {
  const problems: Diagnostic[] = [];
  const folder = stateDir({ 'hosts/edge-1.yaml': text });
  readHostFile(folder, 'edge-1', new ListReader(folder, problems, new MemoryObjectStore()), problems);
  return problems;
}

const PROGRAM = 'program: {builtin: icmp-drop}';
const one = (line: string) => hostFile(`  ${line}`);

test.each<[text: string, hint: RegExp]>([
  ['hello\n', /xdpkeep init/],
  ['- a\n', /xdpkeep init/],
  ['{}', /apiVersion/],
  [hostFile(), /interfaces: \{\}/],
  [hostFile('  - a'), /interfaces: \{a: \{policy: NAME\}\}/],
  [hostFile().replace('v1', 'v2').replace('faces:', 'faces: {}'), /^Did you mean "xdpkeep\/v1"\?$/],
  [hostFile().replace('Host', 'Policy').replace('faces:', 'faces: {}'), /^Write Host\.$/],
  [one(`e: {${PROGRAM}}`).replace('edge-1', '12'), /^Quote it: "12"\.$/],
  [one(`e: {${PROGRAM}}`).replace('edge-1', '../x'), /without \.yaml/],
  [one('e: {program: {}}'), /builtin: icmp-drop/],
  [one('e: {program: icmp-drop}'), /builtin: icmp-drop/],
  [one('e: [1]'), /builtin: icmp-drop/],
  [one('e: {program: {builtin: nothing-like-it}}'), /^Write icmp-drop\.$/],
  [one('e: {program: {file: /etc/a.bpf.o}}'), /inside the state directory/],
  [one('e: {program: {file: ../a.bpf.o}}'), /inside the state directory/],
  [one('e: {program: {file: a.c}}'), /\*\.bpf\.c/],
  [one('e: {program: {file: [a]}}'), /\*\.bpf\.c/],
  [one('e: {program: {file: a.bpf.c, function: a-b}}'), /name of the function/],
  [one(`e: {mode: sideways, ${PROGRAM}}`), /^Choose one of auto, native, generic, offload\.$/],
  [one(`e: {mode: true, ${PROGRAM}}`), /^Choose one of auto/],
  [one(`e: {foreign: keep, ${PROGRAM}}`), /^Did you mean "refuse"\?$/],
  [one(`a/b: {${PROGRAM}}`), /ip link/],
  [one(`${'a'.repeat(128)}: {${PROGRAM}}`), /ip link/],
  [one(`${'é'.repeat(64)}: {${PROGRAM}}`), /ip link/],
  [one(`"[ab": {${PROGRAM}}`), /close it/],
  [one(`"[z-a]*": {${PROGRAM}}`), /low to high/],
  [one(`"[!]": {${PROGRAM}}`), /close it/],
  [hostFile('\te: 1'), /spaces/],
  [one('"e: {}'), /closing quote/],
  [one('e: {a: 1'), /closing|bracket/],
  [one('e: {a: 1}}'), /bracket/],
  [one('e: "\\q"'), /backslash/],
  [one('e: a: b'), /^Quote text that holds/],
  [one('e: @x'), /Quote/],
  [one(`${'k'.repeat(1100)}: 1`), /Shorten/],
  [hostFile('  a: 1', ' b: 2'), /Indent|bracket/],
  [hostFile('  e'), /./],
  [hostFile('  e: {', '- a', '}'), /./],
  [hostFile('  e: |', ' x', 'y'), /./],
  [Array.from({ length: 300 }, (_, at) => `k${at}: 1`).join('\n'), /Remove it if/],
])('%j', (text, hint) => {
  const problems = problemsOf(text);
  expect(problems).not.toEqual([]);
  expect(problems.filter((problem) => problem.hint === undefined)).toEqual([]);
  expect(problems.map((problem) => problem.hint).join('\n')).toMatch(hint);
  expect(problems.map(({ detail }) => detail).join('\n')).not.toContain('Invalid regular expression');
});

test('programs as well', async () => {
  const files = {
    'programs/absent.bpf.c': undefined,
    'programs/wrong.bpf.c': 'int',
    'programs/none.bpf.c': source().replace('"xdp"', '"tc"'),
    'programs/free.bpf.c': source().replace('SEC("license")', ''),
    'programs/text.bpf.o': 'text',
    'programs/folder.bpf.o/x': '',
    'programs/cut.bpf.o': Buffer.from('\x7fELF\x02'),
  };
  const names = Object.keys(files).map((file) => file.replace(/\/x$/, ''));
  const lines = names.map((file, at) => `  e${at}: {program: {file: ${file}}}`);
  const there = Object.entries(files).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const stateDirectory = stateDir({ 'hosts/edge-1.yaml': hostFile(...lines), ...Object.fromEntries(there) });
  const { diagnostics } = await validateState(
    { stateDir: stateDirectory, store: new MemoryObjectStore() },
    { exec: true },
  );
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  expect(new Set(errors.map(({ at }) => at.line)).size).toBe(names.length);
  expect(errors.filter(({ hint }) => hint === undefined)).toEqual([]);
});
