// Runs tools of the system: no inherited environment, bounded in time and output, killed with SIGKILL. Output is streamed: execa's
// buffered mode waits for the children of a killed tool, and its error messages quote all output, which can abort V8 on tens of
// megabytes of control characters.
import { accessSync, constants } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { EnvironmentError } from '../model/errors.js';

/**
 * The environment of every tool: a PATH for its helpers, messages in English. No file in a home directory takes effect: HOME names a
 * directory that does not exist, since many tools would look it up in passwd(5) if HOME were unset. SHLVL is set because bash reads
 * ~/.bashrc without it when its stdin is a socket (a pipe of Node is one), as in a remote shell.
 */
export const TOOL_ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  HOME: '/nonexistent',
  SHLVL: '1',
};

export interface ToolLimits {
  /** Milliseconds. */
  time: number;
  /** Bytes of stdout, and of stderr. */
  output: number;
  /** Working directory; default our own. */
  cwd?: string;
  /** Kills the tool when it aborts. */
  ended?: AbortSignal | undefined;
  /** Content of stdin; default empty. */
  input?: Uint8Array | string | undefined;
  /** Added to TOOL_ENVIRONMENT; `undefined` removes a variable. */
  env?: Record<string, string | undefined>;
  /** Resource limits of the tool and of every process that it starts; default none. */
  resources?: Resources | undefined;
  /** The command as errors show it, where a program of ours runs it; default `file` and `args`. */
  shown?: string[];
}

/** Limits of each process. */
interface Resources {
  /** Bytes of private memory: RLIMIT_DATA in getrlimit(2). Mapped files do not count. */
  memory: number;
  /** Bytes of a file that it writes: RLIMIT_FSIZE. */
  file: number;
}

export interface ToolResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** The result of a tool that prints binary data. */
interface ToolBytes extends Omit<ToolResult, 'stdout'> {
  stdout: Buffer;
}

/**
 * Runs `file`, an absolute path. Returns whatever its exit code is. Throws an EnvironmentError when it did not start, was killed, ran
 * too long or printed too much.
 */
export async function runTool(file: string, args: string[], limits: ToolLimits): Promise<ToolResult> {
  const result = await runForBytes(file, args, limits);
  return { ...result, stdout: result.stdout.toString('utf8') };
}

/** Like `runTool`, for a tool that prints binary data on stdout. */
export async function runForBytes(file: string, args: string[], limits: ToolLimits): Promise<ToolBytes> {
  const options = {
    ...(limits.cwd !== undefined && { cwd: limits.cwd }),
    extendEnv: false,
    env: { ...TOOL_ENVIRONMENT, ...limits.env },
    ...(limits.input === undefined ? { stdin: 'ignore' as const } : { input: limits.input }),
    buffer: false,
    reject: false,
    // A session of its own: Ctrl-C on the terminal must reach only xdpkeep, which needs the tool's answer before it ends.
    detached: true,
    // With cleanup, execa would end our process on a signal, in spite of our own handlers.
    cleanup: false,
  } as const;
  const subprocess = execa(...bounded(file, args, limits.resources), options);
  const outputs = [subprocess.stdout, subprocess.stderr].map(
    (stream) => new Output(stream, limits.output, kill),
  );
  const clock = { ranOut: false };
  const timer = setTimeout(() => {
    clock.ranOut = true;
    kill();
  }, limits.time);
  const running = () => subprocess.exitCode === null && subprocess.signalCode === null;
  function kill(): void {
    if (running()) endSession(subprocess.pid);
    for (const output of outputs) output.close();
  }
  // At once, before the pid can be reused.
  subprocess.once('exit', () => {
    endSession(subprocess.pid);
  });
  limits.ended?.addEventListener('abort', kill);
  if (limits.ended?.aborted === true) kill();
  const result = await subprocess;
  clearTimeout(timer);
  limits.ended?.removeEventListener('abort', kill);
  const [stdout, stderr] = outputs.map((output) => output.bytes());
  const said = (limits.shown ?? [file, ...args]).join(' ');
  const hint = 'Run it by hand to see what it does.';
  if (outputs.some((output) => output.exceeded)) {
    throw new EnvironmentError(`${said} printed more than ${limits.output >> 20} MiB`, { hint });
  }
  if (clock.ranOut)
    throw new EnvironmentError(`${said} did not end within ${limits.time / 1000} s`, { hint });
  if (result.exitCode !== undefined) {
    return {
      exitCode: result.exitCode,
      stdout: stdout ?? Buffer.alloc(0),
      stderr: stderr?.toString('utf8') ?? '',
    };
  }
  throw new EnvironmentError(`${said} ${result.signal ? `was ended by ${result.signal}` : 'did not start'}`, {
    cause: result.cause,
    hint: result.signal
      ? hint
      : `Is ${file} there, executable, and made for this machine (${result.code ?? ''})?`,
  });
}

/** Kills the session of a tool: a helper that it started and did not wait for would outlive it, and our limits. */
function endSession(leader: number | undefined): void {
  if (leader === undefined) return; // it never started
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // no process is left
  }
}

/**
 * Node cannot set resource limits for a child: a shell sets them and then executes the tool. Units of `ulimit`: sh(1). SIGXFSZ is
 * ignored, so that a write beyond the limit fails with EFBIG and the tool can report it.
 */
const BOUND = `trap '' XFSZ && ulimit -d "$1" && ulimit -f "$2" && shift 2 && exec "$@"`;

function bounded(file: string, args: string[], resources: Resources | undefined): [string, string[]] {
  if (!resources) return [file, args];
  const limits = [resources.memory / 1024, resources.file / 512].map((one) => String(Math.ceil(one)));
  return ['/bin/sh', ['-c', BOUND, 'sh', ...limits, file, ...args]];
}

/** Collects the bytes of a stream; calls `kill` once they exceed the limit. */
class Output {
  exceeded = false;
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(
    readonly stream: Readable,
    limit: number,
    kill: () => void,
  ) {
    stream.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      if (this.#size <= limit || this.exceeded) return;
      this.exceeded = true;
      kill();
    });
  }

  /** A grandchild may hold the other end open: closing ours ends the wait. */
  close(): void {
    this.stream.destroy();
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

/** Where Debian has tools for root, which are not on every PATH. */
const FALLBACK_DIRECTORIES = ['/usr/sbin', '/usr/local/sbin', '/sbin', '/usr/bin'];

/** Path of the first executable with this name, in the absolute directories of PATH and then in the usual ones. */
export function findTool(name: string, path = process.env['PATH'] ?? ''): string | undefined {
  const directories = [...path.split(':').filter(isAbsolute), ...FALLBACK_DIRECTORIES];
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
