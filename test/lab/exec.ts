// Running tools, in a network namespace where that is said. `ip netns exec` would replace /sys, and with it hide the bpffs.
// Nothing of the caller gets in: no environment, an empty home, and nothing on stdin. bash takes a stdin that is a socket, as
// a pipe of Node is, for a remote shell and reads ~/.bashrc, unless SHLVL says that it runs in a shell.
// needs: lab
import { readdirSync, readFileSync } from 'node:fs';
import { execa } from 'execa';
import { inject } from 'vitest';
import { opens } from './open.js';

export interface Finished {
  /** Absent when a signal ended the process. */
  exitCode: number | undefined;
  signal: string | undefined;
  stdout: string;
  stderr: string;
}

export interface ExecOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** For its stdin, which is /dev/null when absent. */
  input?: string | Uint8Array;
  /** Milliseconds; the process is killed after it. */
  timeout?: number;
}

export const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Nothing takes so long, whatever else the machine does: it hangs. */
const TIMEOUT = 120_000;
/** For what is left running: longer than any test. */
const LONGEST = 900_000;

/** The command line that runs a command in a namespace that `ip netns` made. */
export function within(namespace: string, command: readonly string[]): [string, string[]] {
  return ['nsenter', [`--net=/var/run/netns/${namespace}`, ...command]];
}

function clean({ env, cwd, timeout = TIMEOUT }: ExecOptions) {
  return {
    env: { PATH, LC_ALL: 'C', HOME: inject('home'), SHLVL: '1', NO_COLOR: '1', ...env },
    extendEnv: false,
    reject: false,
    killSignal: 'SIGKILL',
    timeout,
    ...(cwd !== undefined && { cwd }),
  } as const;
}

/** Runs to the end; a non-zero exit is a result. */
export async function finish(
  file: string,
  args: readonly string[],
  options: ExecOptions = {},
): Promise<Finished> {
  const { input } = options;
  const stdin = input === undefined ? { stdin: 'ignore' as const } : { input };
  const running = execa(file, args, { ...clean(options), ...stdin });
  const { exitCode, signal, stdout, stderr, failed, timedOut, shortMessage } = await tracked(file, running);
  if (timedOut) throw new Error(`${shortMessage}\n${stdout}${stderr}`);
  if (failed && exitCode === undefined && signal === undefined) throw new Error(shortMessage);
  return { exitCode, signal, stdout, stderr };
}

/** Runs to the end and gives stdout; anything but exit 0 throws. */
export async function must(
  file: string,
  args: readonly string[],
  options: ExecOptions = {},
): Promise<string> {
  const { exitCode, stdout, stderr } = await finish(file, args, options);
  if (exitCode === 0) return stdout;
  throw new Error(`${[file, ...args].join(' ')}: exit ${exitCode ?? 'none'}\n${stderr || stdout}`);
}

/** Starts and leaves running: execa's subprocess, which is also a promise of its end. */
export function background(file: string, args: readonly string[], options: ExecOptions = {}) {
  return tracked(file, owned(file, args, options));
}

/** The same for whoever has said itself that it is open, and ends it: it may outlast the test that started it. */
export function owned(file: string, args: readonly string[], options: ExecOptions = {}) {
  return execa(file, args, { ...clean({ timeout: LONGEST, ...options }), stdin: 'ignore' as const });
}

export type Background = ReturnType<typeof background>;

/** The same with a stdin to write to. */
export function listening(file: string, args: readonly string[], options: ExecOptions = {}) {
  return tracked(file, execa(file, args, clean({ timeout: LONGEST, ...options })));
}

export type Listening = ReturnType<typeof listening>;

/** It ends with its test at the latest, and with it what it has started. */
function tracked<P extends Promise<unknown> & { pid?: number | undefined }>(file: string, subprocess: P): P {
  const { pid } = subprocess;
  if (pid === undefined) return subprocess; // it did not start
  const closed = opens(`process ${pid} (${file})`, async () => {
    for (const one of descendants(pid)) endProcess(one);
    await subprocess;
  });
  void subprocess.then(closed, closed);
  return subprocess;
}

/** SIGKILL, to a process that may be gone. */
export function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A process and all below it, itself last. */
function descendants(pid: number): number[] {
  return [...childrenOf(pid).flatMap(descendants), pid];
}

function childrenOf(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const lists = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'));
    return lists.join(' ').split(' ').filter(Boolean).map(Number);
  } catch {
    return []; // it has ended
  }
}
