// needs: lab
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { findTool, runTool } from '../../src/kernel/tool.js';
import { rejected } from '../lab/caught.js';

const LIMITS = { time: 60_000, output: 1 << 20 };
let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), `${inject('run')}-tool-`));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

function script(name: string, text: string, mode = 0o755): string {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, mode);
  return path;
}

test('stdout, stderr and the exit code come back, whatever the code', async () => {
  const tool = script('fails', 'echo "out $1"; echo err >&2; exit 3');
  expect(await runTool(tool, ['a b'], LIMITS)).toEqual({ exitCode: 3, stdout: 'out a b\n', stderr: 'err\n' });
});

test('nothing of the environment gets in', async () => {
  process.env['XDPKEEP_TEST_SECRET'] = 'x';
  const { stdout } = await runTool(script('env', 'env'), [], LIMITS);
  expect(stdout.split('\n').map((line) => line.split('=')[0])).not.toContain('XDPKEEP_TEST_SECRET');
  expect(stdout).toContain('LC_ALL=C\n');
  delete process.env['XDPKEEP_TEST_SECRET'];
});

test('input is empty, so that nothing waits for a terminal', async () => {
  expect(await runTool(script('reads', 'cat; echo done'), [], LIMITS)).toMatchObject({ stdout: 'done\n' });
});

test.each([
  ['nothing on stdin', {}],
  ['something on stdin, which comes through a socket', { input: 'x' }],
])('with %s, no file of a home is read', async (_, { input }: { input?: string }) => {
  const home = join(directory, 'home');
  mkdirSync(home, { recursive: true });
  const marker = join(home, 'was-read');
  for (const file of ['.bashrc', '.profile']) writeFileSync(join(home, file), `touch ${marker}; sleep 3`);
  // As the home of this user, whatever HOME says.
  const shell = `mount --bind ${home} ${userInfo().homedir} && bash -lc true && exec bash -c 'cat; echo ~'`;
  const args = ['--mount', 'sh', '-c', shell];
  const limits = { ...LIMITS, input };
  expect(await runTool('/usr/bin/unshare', args, limits)).toMatchObject({
    exitCode: 0,
    stdout: `${input ?? ''}/nonexistent\n`,
  });
  expect(existsSync(marker)).toBe(false);
});

test.each([
  ['hangs', 'exec sleep 60', 'did not end within 0.3 s'],
  ['leaves a child that holds its output', 'sleep 60', 'did not end within 0.3 s'],
  ['ignores SIGTERM', 'trap "" TERM; while :; do sleep 0.1; done', 'did not end within 0.3 s'],
  ['prints without end', 'exec cat /dev/zero', 'printed more than 1 MiB'],
  ['complains without end', 'exec cat /dev/zero >&2', 'printed more than 1 MiB'],
  ['kills itself', 'kill -SEGV $$', 'was ended by SIGSEGV'],
])('a tool that %s is an error, soon', async (name, text, message) => {
  const tool = script(name.replaceAll(' ', '-'), text);
  const start = Date.now();
  const time = message.includes('did not end') ? 300 : LIMITS.time;
  const error = await rejected(runTool(tool, [], { ...LIMITS, time }));
  expect(error).toMatchObject({
    name: 'EnvironmentError',
    exitCode: 78,
    message: `${tool}  ${message}`.replace('  ', ' '),
  });
  expect(Date.now() - start, 'nobody waits for what it has started').toBeLessThan(50_000);
});

test.each([
  ['absent', '/nowhere/bpftool', 'ENOENT'],
  ['not executable', '', 'EACCES'],
])('a tool that is %s is an error with a hint', async (_, path, code) => {
  const tool = path || script('plain', 'echo no', 0o644);
  expect(await rejected(runTool(tool, [], LIMITS))).toMatchObject({
    name: 'EnvironmentError',
    message: `${tool} did not start`,
    hint: expect.stringContaining(code) as string,
  });
});

test('a tool is looked for in absolute directories of PATH first, and never in relative ones', () => {
  const tool = script('sh', 'exit 0');
  expect(findTool('sh', `.:${directory}:/usr/bin`)).toBe(tool);
  expect(findTool('sh', '.:bin')).toBe('/usr/bin/sh');
  expect(findTool('xdpkeep-no-such-tool')).toBeUndefined();
});

test('a tool may be given so much memory, and files so large, and is told when it wants more', async () => {
  const file = join(directory, 'large');
  const writes = script('writes', `head -c 1000000 /dev/zero > ${file} || echo refused`);
  const resources = { memory: 64 << 20, file: 1 << 16 };
  expect(await runTool(writes, [], { ...LIMITS, resources })).toMatchObject({
    stdout: 'refused\n',
    stderr: expect.stringContaining('File too large') as string,
  });
  const eats = script('eats', 'exec dd if=/dev/zero of=/dev/null bs=1G count=1');
  const limited = { memory: 512 << 20, file: 1 << 16 };
  expect((await runTool(eats, [], LIMITS)).exitCode).toBe(0);
  expect(await runTool(eats, [], { ...LIMITS, resources: limited })).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('memory exhausted') as string,
  });
});

test('what a tool leaves running ends with it, though it holds the other end of its output', async () => {
  const leaves = script('leaves', 'sleep 1000 & echo $!');
  const begun = performance.now();
  const { stdout } = await runTool(leaves, [], LIMITS);
  expect(performance.now() - begun).toBeLessThan(LIMITS.time / 2);
  await vi.waitFor(() => {
    expect(commandOf(stdout.trim())).toBe(''); // nobody may have waited for it yet
  });
});

function commandOf(pid: string): string {
  return existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/cmdline`, 'latin1') : '';
}
