// Running tools in a network namespace. `ip netns exec` would replace /sys, and with it hide the bpffs.
import { execa } from 'execa';

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
  /** For its stdin. */
  input?: string;
  /** Milliseconds; the process is killed after it. */
  timeout?: number;
}

export const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const TIMEOUT = 25_000;

/** The command line that runs a command in a namespace that `ip netns` made. */
export function within(namespace: string, command: readonly string[]): [string, string[]] {
  return ['nsenter', [`--net=/var/run/netns/${namespace}`, ...command]];
}

/** Options of every process of the lab: nothing of the caller's environment gets in. */
export function clean(options: ExecOptions) {
  const env = { PATH, LC_ALL: 'C', HOME: '/root', NO_COLOR: '1', ...options.env };
  const { timeout = TIMEOUT, cwd, input } = options;
  return {
    env,
    extendEnv: false,
    reject: false,
    killSignal: 'SIGKILL',
    timeout,
    ...(cwd && { cwd }),
    ...(input !== undefined && { input }),
  } as const;
}

/** Runs to the end; a non-zero exit is a result. */
export async function finish(
  file: string,
  args: readonly string[],
  options: ExecOptions = {},
): Promise<Finished> {
  const { exitCode, signal, stdout, stderr, failed, shortMessage } = await execa(file, args, clean(options));
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
  return execa(file, args, clean({ timeout: 120_000, ...options }));
}

export type Background = ReturnType<typeof background>;
