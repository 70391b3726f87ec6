// Who is there at a deadline: a timer of systemd, a watchdog of our own, or nobody, and then nothing is armed.
// needs: lab
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { armDeadline, type Surroundings } from '../../src/kernel/deadline.js';
import { rejected } from '../lab/caught.js';

const ALARM = { id: 'ab12', at: 5, after: 90_000, bpffs: '/sys/fs/bpf', dataDir: '/' };
const ARGS = [
  '--at-deadline',
  'ab12@5',
  '--bpffs',
  '/sys/fs/bpf',
  '--data-dir',
  '/',
  '--allow-foreign-owner',
];

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), `${inject('run')}-deadline-`));
  onTestFinished(() => {
    rmSync(made, { recursive: true });
  });
  return made;
}

function script(name: string, text: string): string {
  const path = join(folder(), name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A watchdog that is ready, and ends when it is told to. */
const READY = () => ['/bin/sh', script('watchdog', 'echo armed; exec sleep 60')];

const surroundings = (change: Partial<Surroundings>): Surroundings => ({
  systemd: true,
  shared: true,
  systemdRun: script('systemd-run', 'exit 0'),
  inService: true,
  unit: undefined,
  command: READY(),
  ...change,
});

function end(armed: { by: string; pid?: number }): void {
  if (armed.pid !== undefined) process.kill(armed.pid, 'SIGKILL');
}

test('where systemd runs, it gets a transient timer on the monotonic clock, with a clean environment', async () => {
  const said = join(folder(), 'said');
  process.env['XDPKEEP_FAILPOINT_OF_NOBODY'] = 'x';
  const systemdRun = script('systemd-run', `printf '%s\\n' "$@" > ${said}`);
  const armed = await armDeadline(ALARM, surroundings({ systemdRun, command: ['/usr/bin/node', '/x.js'] }));
  delete process.env['XDPKEEP_FAILPOINT_OF_NOBODY'];
  expect(armed).toEqual({ by: 'systemd', unit: 'xdpkeep-confirm-ab12' });
  const words = readFileSync(said, 'utf8').trimEnd().split('\n');
  expect(words).toContain('--on-active=90000ms');
  expect(words).toContain('--unit=xdpkeep-confirm-ab12');
  expect(words.slice(-10)).toEqual(['/usr/bin/node', '/x.js', 'cancel', ...ARGS]);
  expect(words.join()).not.toContain('NOBODY');
});

test.each<[name: string, change: () => Partial<Surroundings>]>([
  ['there is no systemd', () => ({ systemd: false })],
  ['its units are elsewhere', () => ({ shared: false, inService: false })],
  ['it refuses', () => ({ systemdRun: script('systemd-run', 'echo no >&2; exit 1'), inService: false })],
  ['it has no systemd-run', () => ({ systemdRun: undefined, inService: false })],
])('a watchdog in a session of its own where %s', async (_name, change) => {
  const armed = await armDeadline(ALARM, surroundings(change()));
  if (armed.by !== 'watchdog') throw new Error('no watchdog');
  const [, fields = ''] = /\) (.*)/.exec(readFileSync(`/proc/${armed.pid}/stat`, 'utf8')) ?? [];
  expect(fields.split(' ').slice(2, 4)).toEqual([armed.pid, armed.pid].map(String));
  end(armed);
});

test.each<[name: string, change: () => Partial<Surroundings>, message: RegExp]>([
  [
    'a service whose systemd refuses',
    () => ({ systemdRun: script('systemd-run', 'echo Access denied >&2; exit 1') }),
    /systemd has no timer for it \(systemd-run: Access denied\), and would end a watchdog/,
  ],
  ['a service of other namespaces', () => ({ shared: false }), /its units are in other namespaces/],
  ['a program that is gone', () => ({ systemd: false, command: ['/nowhere/node'] }), /ENOENT/],
  ['a program that ends', () => ({ systemd: false, command: ['/bin/false'] }), /it ended at once \(exit 1\)/],
  [
    'a program that says something else',
    () => ({ systemd: false, command: ['/bin/sh', script('w', 'echo hello; exec sleep 60')] }),
    /did not start: hello/,
  ],
])('nobody is there in %s', async (_name, change, message) => {
  const error = await rejected(armDeadline(ALARM, surroundings(change())));
  expect(error).toMatchObject({ exitCode: 69, message: expect.stringMatching(message) as string });
  expect(existsSync('/run/systemd/transient/xdpkeep-confirm-ab12.timer')).toBe(false);
});
