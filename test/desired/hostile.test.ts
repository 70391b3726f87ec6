// Whatever bytes a Host file holds: diagnostics or a valid state, soon, and nothing else.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readHostFile } from '../../src/desired/host-file.js';
import { STATE_FILE_LIMIT } from '../../src/desired/read.js';
import type { Diagnostic } from '../../src/model/diagnostic.js';
import { renderDiagnostics } from '../../src/report/diagnostics.js';
import { brief, scratch, write } from './state-dir.js';

const VALID = `# yaml-language-server: $schema=../schema/host.schema.json
apiVersion: xdpkeep/v1
kind: Host
name: edge-1 # the first
interfaces:
  ens5: {mode: generic, program: {builtin: icmp-drop}}
  "veth*":
    program:
      file: programs/a.bpf.c
      function: fw
    foreign: replace
`;

/** Bytes and pieces that mean something to YAML, to the schema or to a terminal. */
const PIECES = [
  '&a ',
  '*a',
  '!!map ',
  '---\n',
  '%YAML 1.1\n',
  '<<: ',
  '? ',
  '- ',
  ': ',
  '{',
  '[',
  '}',
  '"',
  "'",
  '|',
  '\t',
]
  .concat([
    '\n',
    '\r',
    '\u0000',
    '\u001b[2J',
    '\u202e',
    '\ufeff',
    '\ud83d\ude00',
    '__proto__: ',
    'constructor: ',
    '..',
    '0x1',
  ])
  .concat(['.nan', '~', 'null', '1e999', '#', '@', '`', 'policy: ', 'x'.repeat(300)]);

interface Edit {
  at: number;
  remove: number;
  insert: Uint8Array;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(VALID.length),
  remove: fc.oneof(fc.constant(0), fc.nat(20)),
  insert: fc.oneof(
    fc.constantFrom(...PIECES).map((piece) => Buffer.from(piece)),
    fc.uint8Array({ maxLength: 4 }),
  ),
});

function mutate(edits: Edit[]): Buffer {
  return edits.reduce(
    (bytes, { at, remove, insert }) =>
      Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]),
    Buffer.from(VALID),
  );
}

function read(folder: string): { count: number; problems: Diagnostic[]; milliseconds: number } {
  const problems: Diagnostic[] = [];
  const started = performance.now();
  const { length } = readHostFile(folder, 'edge-1', problems);
  return { count: length, problems, milliseconds: performance.now() - started };
}

test('mutated files give diagnostics that can be shown, or interfaces', () => {
  const folder = scratch();
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 6 }), (edits) => {
      write(folder, { 'hosts/edge-1.yaml': mutate(edits) });
      const { problems, milliseconds } = read(folder);
      expect(milliseconds).toBeLessThan(2000);
      for (const problem of problems) {
        expect(problem.at.line).toBeGreaterThan(0);
        expect(problem.at.column).toBeGreaterThan(0);
        expect(problem.detail).not.toBe('');
      }
      // None of them may reach a terminal.
      expect(renderDiagnostics(problems, { color: false })).not.toMatch(
        /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/,
      );
    }),
    { numRuns: 500 },
  );
});

test('the unmutated file is valid', () => {
  const folder = scratch();
  write(folder, { 'hosts/edge-1.yaml': VALID });
  expect(read(folder)).toMatchObject({ count: 2, problems: [] });
});

test.each<[name: string, unit: string, expected: string]>([
  ['open lists', '[', ':1:32-33 nested too deeply'],
  ['open maps', '{', ':1:32-33 nested too deeply'],
  ['nested list items', '- ', ':1:63-64 nested too deeply'],
  ['nested keys', 'a: ', ':1:94-95 nested too deeply'],
  ['closing brackets', ']', ' file too large'],
  ['anchors', '&a ', ' file too large'],
  ['quotes', '"', ' file too large'],
])('4 MiB of %s are refused within bounds of time and memory', (_name, unit, expected) => {
  const folder = scratch();
  write(folder, { 'hosts/edge-1.yaml': unit.repeat(Math.floor(STATE_FILE_LIMIT / unit.length)) });
  const { problems, milliseconds } = read(folder);
  expect(problems.map(brief).join('\n')).toContain(expected);
  expect(problems.length).toBeLessThan(102);
  expect(milliseconds).toBeLessThan(15_000);
});
