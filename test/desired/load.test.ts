// State files to what is wanted, through real files, the real compiler and the builtin program.
// needs: lab
import { readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestInstance } from '../../src/desired/digest.js';
import { sha256 } from '../../src/disk/sha256.js';
import { loadHost } from '../../src/desired/load.js';
import { validateState } from '../../src/desired/load-all.js';
import { MemoryObjectStore } from '../../src/disk/object-store.js';
import { type Diagnostic, InvalidStateError } from '../../src/model/diagnostic.js';
import { placeAndSummary, type Files, hostFile, source, stateDir, write } from './state-dir.js';

const BUILTIN = '{program: {builtin: icmp-drop}}';
const HASH = expect.stringMatching(/^[0-9a-f]{64}$/) as string;
const ICMP_DROP = readFileSync('dist/bpf/icmp_drop.bpf.o');

function load(folder: string, host = 'edge-1', store = new MemoryObjectStore()) {
  return loadHost({ stateDir: folder, host, store });
}

async function problemsOf(files: Files): Promise<Diagnostic[]> {
  const error: unknown = await load(stateDir(files)).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof InvalidStateError) return error.diagnostics;
  throw new Error('the state was not refused', { cause: error });
}

test('a host with a builtin program, a source and an object', async () => {
  const store = new MemoryObjectStore();
  const folder = stateDir({
    'hosts/edge-1.yaml': hostFile(
      '  ens5:',
      '    mode: generic',
      '    program: {builtin: icmp-drop}',
      '  "veth*": {foreign: replace, program: {file: programs/a.bpf.c}}',
      '  ens6: {program: {file: programs/b.bpf.o, function: icmp_drop}}',
    ),
    'programs/a.bpf.c': source('fw'),
    'programs/b.bpf.o': ICMP_DROP,
  });
  const { desired, warnings } = await load(folder, 'edge-1', store);
  const at = (line: number) => ({ file: 'hosts/edge-1.yaml', line, column: 3 });
  const object = sha256(ICMP_DROP);
  const [, compiled] = desired.interfaces;
  expect(warnings).toEqual([]);
  expect(desired).toEqual({
    host: 'edge-1',
    interfaces: [
      {
        pattern: 'ens5',
        mode: 'generic',
        foreign: 'refuse',
        program: {
          label: 'icmp-drop',
          origin: 'builtin',
          function: 'icmp_drop',
          object,
          digest: digestInstance(object, 'icmp_drop'),
          written: HASH,
        },
        at: at(5),
      },
      {
        pattern: 'veth*',
        mode: 'auto',
        foreign: 'replace',
        program: { ...compiled?.program, label: 'programs/a.bpf.c', origin: 'source', function: 'fw' },
        at: at(8),
      },
      {
        pattern: 'ens6',
        mode: 'auto',
        foreign: 'refuse',
        program: {
          label: 'programs/b.bpf.o',
          origin: 'object',
          function: 'icmp_drop',
          object,
          digest: digestInstance(object, 'icmp_drop'),
          written: HASH,
        },
        at: at(9),
      },
    ],
    digest: HASH,
    written: HASH,
  });
  for (const { program } of desired.interfaces) {
    expect(sha256(store.get(program.object))).toBe(program.object);
    expect(program.digest).toMatch(/^[0-9a-f]{16}$/);
  }
});

test('the digest is that of what is wanted, wherever it stands in the file', async () => {
  const digestOf = async (...lines: string[]) =>
    (await load(stateDir({ 'hosts/edge-1.yaml': hostFile(...lines) }))).desired.digest;
  const digest = await digestOf(`  ens5: ${BUILTIN}`);
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  expect(await digestOf('  # moved', '', '  ens5:', '    program:', '        builtin: icmp-drop')).toBe(
    digest,
  );
  expect(await digestOf(`  ens6: ${BUILTIN}`)).not.toBe(digest);
  expect(await digestOf('  ens5: {mode: native, program: {builtin: icmp-drop}}')).not.toBe(digest);
  const ordered = await digestOf(`  a*: ${BUILTIN}`, `  b*: ${BUILTIN}`);
  expect(await digestOf(`  b*: ${BUILTIN}`, `  a*: ${BUILTIN}`)).not.toBe(ordered);
});

test('an empty map of interfaces is a host that wants nothing', async () => {
  const folder = stateDir({ 'hosts/edge-1.yaml': hostFile().replace('faces:', 'faces: {}') });
  expect((await load(folder)).desired.interfaces).toEqual([]);
});

test('only the file of this host counts', async () => {
  const folder = stateDir({
    'hosts/edge-1.yaml': hostFile(`  ens5: ${BUILTIN}`),
    'hosts/edge-2.yaml': 'broken: [',
    'hosts/notes.txt': '',
  });
  expect((await load(folder)).desired.interfaces).toHaveLength(1);
});

test.each<[name: string, files: Files, host: string, expected: object]>([
  ['no state directory', {}, 'edge-1', { hint: expect.stringContaining('--state') as string }],
  [
    'no host at all',
    { 'hosts/notes.txt': '' },
    'edge-1',
    { message: expect.stringContaining('notes.txt') as string },
  ],
  [
    'another host',
    { 'hosts/edge-1.yaml': '', 'hosts/core.yaml': '' },
    'spine',
    {
      message: expect.stringContaining('it has core, edge-1') as string,
      hint: expect.stringContaining('--host') as string,
    },
  ],
  ['a typing error', { 'hosts/edge-1.yaml': '' }, 'egde-1', { hint: 'Did you mean --host edge-1?' }],
  [
    'a fully qualified name',
    { 'hosts/edge-1.yaml': '' },
    'edge-1.example.com',
    { hint: 'Did you mean --host edge-1?' },
  ],
  [
    'another extension',
    { 'hosts/edge-1.yml': '', 'hosts/a.yaml': '' },
    'edge-1',
    { hint: 'Rename hosts/edge-1.yml to hosts/edge-1.yaml.' },
  ],
  ['a path', { 'hosts/a.yaml': '', 'other/b.yaml': '' }, '../other/b', { name: 'HostNotFoundError' }],
])('no host: %s', async (_name, files, host, expected) => {
  const folder = join(stateDir({ 'state/README.md': '' }), 'state');
  write(folder, files);
  await expect(load(folder, host)).rejects.toMatchObject({ exitCode: 66, ...expected });
});

const USE = {
  source: (fields = '') => hostFile(`  ens5: {program: {file: programs/a.bpf.c${fields}}}`),
  object: hostFile('  ens5: {program: {file: programs/a.bpf.o}}'),
};
const FILE = 'hosts/edge-1.yaml:5:26-42';
const FUNCTION = 'hosts/edge-1.yaml:5:54-';

test.each<[name: string, files: Files, expected: string[]]>([
  ['an absent file', { 'hosts/edge-1.yaml': USE.object }, [`${FILE} cannot read file`]],
  [
    'no object',
    { 'hosts/edge-1.yaml': USE.object, 'programs/a.bpf.o': 'int x;' },
    [`${FILE} not a BPF object`],
  ],
  [
    'an object cut short',
    { 'hosts/edge-1.yaml': USE.object, 'programs/a.bpf.o': ICMP_DROP.subarray(0, 1000) },
    [`${FILE} not a BPF object`],
  ],
  [
    'a source that does not compile',
    { 'hosts/edge-1.yaml': USE.source(), 'programs/a.bpf.c': 'int' },
    [`${FILE} does not compile`],
  ],
  [
    'an unknown function',
    { 'hosts/edge-1.yaml': USE.source(', function: fv'), 'programs/a.bpf.c': source('fw') },
    [`${FUNCTION}56 unknown function`],
  ],
  [
    'a program of another type',
    {
      'hosts/edge-1.yaml': USE.source(', function: fw'),
      'programs/a.bpf.c': source('fw').replace('"xdp"', '"tc"'),
    },
    [`${FUNCTION}56 wrong program type`],
  ],
  [
    'no licence, and a warning beside it',
    {
      'hosts/edge-1.yaml': USE.source(),
      'programs/a.bpf.c': source('fw').replace('char _license[] SEC("license")', 'static char _license[]'),
    },
    [`${FILE} compiler warnings`, `${FILE} no licence`],
  ],
  [
    'two functions and none named',
    {
      'hosts/edge-1.yaml': USE.source(),
      'programs/a.bpf.c': `${source('fw')}SEC("xdp") int b(void *c) { return 2; }`,
    },
    [`${FILE} function needed`],
  ],
])('refused before anything is touched: %s', async (_name, files, expected) => {
  expect((await problemsOf(files)).map(placeAndSummary)).toEqual(expected);
});

test('a program behind a link that leaves the state directory is refused', async () => {
  const folder = stateDir({ 'hosts/edge-1.yaml': USE.object, 'programs/b.bpf.o': ICMP_DROP });
  const outside = stateDir({ 'a.bpf.o': ICMP_DROP });
  symlinkSync(join(outside, 'a.bpf.o'), join(folder, 'programs/a.bpf.o'));
  await expect(load(folder)).rejects.toMatchObject({
    diagnostics: [{ summary: 'file outside the state directory' }],
  });
  rmSync(join(folder, 'programs/a.bpf.o'));
  symlinkSync('b.bpf.o', join(folder, 'programs/a.bpf.o'));
  expect((await load(folder)).desired.interfaces).toHaveLength(1);
});

test('the problems of fields and of programs are told in one run, in the order of the file', async () => {
  const text = hostFile(
    '  ens5: {mode: natve, program: {file: programs/a.bpf.o}}',
    '  ens6: {program: {file: programs/a.bpf.c}}',
    '  ens7: {program: {file: programs/a.bpf.c}}',
  );
  const problems = await problemsOf({
    'hosts/edge-1.yaml': `${text}colour: red\n`,
    'programs/a.bpf.c': 'int x',
  });
  expect(problems.map(placeAndSummary).map((line) => line.replace('hosts/edge-1.yaml:', ''))).toEqual([
    '5:16-21 invalid value',
    '5:39-55 cannot read file',
    '6:26-42 does not compile',
    '7:26-42 does not compile',
    '8:1-7 unknown field',
  ]);
  expect(problems.map(({ log }) => log !== undefined)).toEqual([false, false, true, false, false]);
});

test('warnings of the compiler stop nothing', async () => {
  const text = `${source('fw')}static int unused;\n`;
  const { warnings } = await load(stateDir({ 'hosts/edge-1.yaml': USE.source(), 'programs/a.bpf.c': text }));
  expect(warnings.map(placeAndSummary)).toEqual([`${FILE} compiler warnings`]);
  expect(warnings[0]?.log).toContain('unused variable');
});

test('validating looks at every host, in the order of files and places', async () => {
  const folder = stateDir({
    'hosts/b.yaml': hostFile(`  ens5: ${BUILTIN}`).replace('edge-1', 'b'),
    'hosts/a.yaml': hostFile('  ens5: {}').replace('edge-1', 'c'),
    'hosts/d.yml': '',
    'hosts/.gitkeep': '',
  });
  const store = new MemoryObjectStore();
  const { hosts, diagnostics } = await validateState({ stateDir: folder, store }, { exec: true });
  expect(hosts).toEqual(['a', 'b']);
  expect(diagnostics.map((one) => `${one.severity} ${placeAndSummary(one)}`)).toEqual([
    'error hosts/a.yaml:3:7-8 name is not that of the file',
    'error hosts/a.yaml:5:3-7 missing field',
    'warning hosts/d.yml:1:1 file is not read',
  ]);
  expect(await validateState({ stateDir: folder, store }, { exec: true }, 'b')).toEqual({
    hosts: ['b'],
    states: [expect.objectContaining({ host: 'b' })],
    policies: [],
    lists: [],
    parsed: [],
    leftOut: ['hosts/a.yaml'],
    diagnostics: [],
  });
  await expect(validateState({ stateDir: folder, store }, { exec: true }, 'x')).rejects.toMatchObject({
    exitCode: 66,
  });
});
