// The command line as a whole: where options may stand, what the environment says, how errors look.
// needs: lab
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { runCommandLine } from '../../src/cli/program.js';
import { hostFile, scratch, stateDir } from '../desired/state-dir.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

const run = (...argv: string[]) => runCommandLine(argv, '1.2.3');
const parse = (text: string) => JSON.parse(text) as Record<string, unknown>;
const valid = () => stateDir({ 'hosts/edge-1.yaml': hostFile('  e: {program: {builtin: icmp-drop}}') });

test('common options stand before the command or after it', async () => {
  const state = valid();
  const before = await run('--output', 'json', '--state', state, '--no-color', 'validate');
  expect([before.exitCode, parse(before.out)['valid']]).toEqual([0, true]);
  expect(await run('validate', '--state', state, '--output=json', '--no-color')).toEqual(before);
  expect(await run('--state', state, 'validate', '--output=json')).toEqual(before);
  const data = scratch();
  const journal = await run('--output', 'json', 'journal', '--data-dir', data, 'show');
  expect(parse(journal.out)).toEqual({ apiVersion: 'xdpkeep/v1', kind: 'Journal' });
});

test('the help of every command lists the common options, and the exit codes are complete', async () => {
  for (const command of [['reconcile'], ['init'], ['journal', 'show']]) {
    const { exitCode, out } = await run(...command, '--help');
    expect(exitCode).toBe(0);
    for (const option of [
      '--state',
      '--host',
      '--bpffs',
      '--data-dir',
      '--output',
      '--no-color',
      '--no-input',
    ])
      expect(out).toContain(`  ${option} `);
  }
  const { out } = await run('--help');
  const codes = out.slice(out.indexOf('Exit codes:')).match(/^ {2}\d+ /gm) ?? [];
  expect(codes.map((code) => Number(code.replace(/\D/g, '')))).toEqual([
    0, 2, 10, 11, 12, 13, 14, 15, 16, 17, 64, 65, 66, 69, 74, 75, 77, 78, 1,
  ]);
});

test('the environment counts where the command line says nothing; an empty variable says nothing', async () => {
  const state = valid();
  vi.stubEnv('XDPKEEP_STATE', state);
  vi.stubEnv('XDPKEEP_OUTPUT', 'json');
  expect(parse((await run('validate')).out)).toMatchObject({ kind: 'Validation', valid: true });
  expect((await run('validate', '--output', 'text')).out).toMatch(/^valid: 1 host/);
  vi.stubEnv('XDPKEEP_OUTPUT', '');
  vi.stubEnv('XDPKEEP_DATA_DIR', '');
  vi.stubEnv('XDPKEEP_HOST', '');
  expect((await run('validate')).out).toMatch(/^valid: 1 host/);
  vi.stubEnv('XDPKEEP_STATE', '');
  const { exitCode, err } = await run('validate');
  expect(exitCode).toBe(existsSync('state') ? 0 : 66);
  expect(err ?? '').not.toContain('""');
  expect(process.env['XDPKEEP_DATA_DIR']).toBeUndefined();
});

test.each(['--state', '--host', '--bpffs', '--data-dir'])('%s must not be empty', async (option) => {
  const { exitCode, err } = await run('validate', option, '');
  expect([exitCode, err]).toEqual([64, expect.stringContaining('It is empty.')]);
});

test.each<[name: string, argv: string[], message: string, hint: string]>([
  ['unknown option', ['status', '--outptu', 'x'], "unknown option '--outptu'", 'Did you mean --output?'],
  ['unknown command', ['stauts'], "unknown command 'stauts'", 'Did you mean status?'],
  [
    'too many arguments',
    ['validate', 'a', 'b'],
    "too many arguments for 'validate'. Expected 0 arguments but got 2.",
    'Run `xdpkeep --help`, or `xdpkeep COMMAND --help`.',
  ],
  ['no command', [], 'no command is named', 'Run `xdpkeep --help`, or `xdpkeep COMMAND --help`.'],
  [
    'no command of the journal',
    ['journal'],
    'no command is named',
    'Run `xdpkeep --help`, or `xdpkeep COMMAND --help`.',
  ],
  [
    'ours',
    ['detach'],
    'detach takes everything of ours away and asks for --all and --reason',
    expect.stringContaining('xdpkeep detach --all') as string,
  ],
  [
    'what only a pass that stays can do',
    ['reconcile', '--http', '127.0.0.1:9470'],
    '--http is for a reconcile that stays',
    expect.stringContaining('--watch or --schedule') as string,
  ],
])('a usage error is one document: %s', async (_name, argv, message, hint) => {
  const { exitCode, out, err } = await run(...argv, '--output', 'json');
  expect(exitCode).toBe(64);
  expect(err).not.toBe('');
  expect(parse(out)).toMatchObject({
    apiVersion: 'xdpkeep/v1',
    kind: 'Error',
    name: 'UsageError',
    message,
    exitCode: 64,
    hint,
  });
});

test('text errors: the cause and what to do; no command is answered with the help', async () => {
  expect(await run('stauts')).toEqual({
    exitCode: 64,
    out: '',
    err: "error: unknown command 'stauts'\nhelp: Did you mean status?\n",
  });
  const { exitCode, out, err } = await run();
  expect([exitCode, out]).toEqual([64, '']);
  expect(err).toContain('Usage: xdpkeep');
});

test('the last word on the output decides, then the environment, also for errors', async () => {
  vi.stubEnv('XDPKEEP_OUTPUT', 'json');
  expect((await run('stauts')).out).toContain('"kind": "Error"');
  expect((await run('stauts', '--output', 'text')).out).toBe('');
  expect((await run('--output=json', 'stauts', '--output=text')).out).toBe('');
  vi.stubEnv('XDPKEEP_OUTPUT', undefined);
  expect((await run('stauts', '--output=json')).out).toContain('"kind": "Error"');
  expect((await run('rollback', '--reason', 'about --output json', 'x')).out).toBe('');
});

test('XDPKEEP_NO_COLOR does what --no-color does', async () => {
  const tty = { out: process.stdout.isTTY, err: process.stderr.isTTY };
  const folder = stateDir({ 'hosts/edge-1.yaml': '' });
  const painted = async () => [
    (await run('validate', '--state', folder)).out.includes('\u001b['),
    (await run('stauts')).err?.includes('\u001b['),
  ];
  vi.stubEnv('NO_COLOR', undefined);
  try {
    process.stdout.isTTY = process.stderr.isTTY = true;
    expect(await painted()).toEqual([true, true]);
    vi.stubEnv('XDPKEEP_NO_COLOR', '1');
    expect(await painted()).toEqual([false, false]);
  } finally {
    process.stdout.isTTY = tty.out;
    process.stderr.isTTY = tty.err;
  }
});

test('init writes where it is told, and answers in JSON', async () => {
  const folder = scratch();
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  const { exitCode, out } = await run('init', '--state', a, '--host', 'edge-1', '--output', 'json');
  expect(exitCode).toBe(0);
  expect(parse(out)).toEqual({
    apiVersion: 'xdpkeep/v1',
    kind: 'Initialization',
    directory: a,
    files: [
      'README.md',
      'hosts/edge-1.yaml',
      'programs/pass.bpf.c',
      'policies/edge.yaml',
      'lists/blocked.txt',
      'schema/host.schema.json',
      'schema/policy.schema.json',
    ].map((file) => join(a, file)),
  });
  expect(readdirSync(folder)).toEqual(['a']);
  await run('init', b, '--state', a, '--host', 'edge-1');
  expect(readdirSync(folder)).toEqual(['a', 'b']);
});
