// needs: lab
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runValidate } from '../../src/cli/validate.js';
import { hostFile, source, stateDir } from '../desired/state-dir.js';

const VALID = hostFile('  ens5: {program: {file: programs/a.bpf.c}}');

test('a valid state directory, of which nothing is changed', async () => {
  const state = stateDir({ 'hosts/edge-1.yaml': VALID, 'programs/a.bpf.c': source() });
  const before = readdirSync(state, { recursive: true });
  expect(await runValidate({ state, output: 'text', color: false })).toEqual({
    exitCode: 0,
    out: 'valid: 1 host, no errors\n',
  });
  expect(readdirSync(state, { recursive: true })).toEqual(before);
});

test('problems and a summary, as text', async () => {
  const state = stateDir({ 'hosts/edge-1.yaml': VALID.replace('file', 'flie'), 'hosts/b.yml': '' });
  expect(await runValidate({ state, output: 'text', color: false })).toEqual({
    exitCode: 65,
    out: `warning: file is not read
 --> hosts/b.yml:1:1
  hosts/b.yml does not end in .yaml, so nothing is made of it
help: Rename it to hosts/b.yaml, or move it out of hosts/.

error: unknown field
 --> hosts/edge-1.yaml:5:20
  |
5 |   ens5: {program: {flie: programs/a.bpf.c}}
  |                    ^^^^
  "flie" is none of the fields here: builtin, file, function
help: Did you mean "file"?

invalid: 1 host, 1 error, 1 warning
`,
  });
});

test('problems as JSON', async () => {
  const state = stateDir({ 'hosts/edge-1.yaml': VALID });
  const { exitCode, out } = await runValidate({ state, output: 'json', color: false });
  expect(exitCode).toBe(65);
  expect(JSON.parse(out)).toEqual({
    apiVersion: 'xdpkeep/v1',
    kind: 'Validation',
    valid: false,
    lists: [],
    leftOut: [],
    diagnostics: [
      {
        severity: 'error',
        summary: 'cannot read file',
        detail: 'programs/a.bpf.c cannot be used: there is no such file',
        hint: 'Put the file there, or correct its path.',
        at: { file: 'hosts/edge-1.yaml', line: 5, column: 26 },
        endColumn: 42,
        excerpt: '  ens5: {program: {file: programs/a.bpf.c}}',
      },
    ],
  });
});

test('one host among others', async () => {
  const state = stateDir({ 'hosts/edge-1.yaml': VALID, 'hosts/b.yaml': '', 'programs/a.bpf.c': source() });
  expect(await runValidate({ state, onlyHost: 'edge-1', output: 'text', color: false })).toMatchObject({
    exitCode: 0,
    out: expect.stringContaining('not looked at: hosts/b.yaml; `xdpkeep validate` without --host') as string,
  });
  expect(await runValidate({ state, output: 'text', color: false })).toMatchObject({ exitCode: 65 });
});
