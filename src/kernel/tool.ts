// Running a tool of the system: no shell, no inherited environment, bounded in time and output, killed with SIGKILL.
// Output is streamed: execa's buffered mode waits for a killed tool's children, and its error messages, which quote
// all output, can abort V8 on tens of megabytes of control characters.
import { accessSync, constants } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { EnvironmentError } from '../model/errors.js';

/**
 * Enough for tools that look for helpers; messages in English. What a user has in a home decides nothing: without HOME many
 * tools ask passwd(5) for it, so it names the one that Debian keeps empty. bash takes a stdin that is a socket, as a pipe of
 * Node is, for a remote shell and reads ~/.bashrc, unless SHLVL says that it runs in a shell.
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
  /** Bytes, each of stdout and stderr. */
  output: number;
  /** Working directory; ours when absent. */
  cwd?: string;
  /** Kills the tool when it aborts. */
  ended?: AbortSignal | undefined;
  /** For stdin, which is empty when absent. */
  input?: Uint8Array | string | undefined;
  /** Beside the fixed environment; `undefined` takes a variable out of it. */
  env?: Record<string, string | undefined>;
  /** What it and all that it starts may have of the machine; all that there is when absent. */
  resources?: Resources | undefined;
  /** What errors say that was run, where something of ours runs it. */
  shown?: string[];
}

/** Of each process. */
interface Resources {
  /** Bytes of memory of its own: RLIMIT_DATA in getrlimit(2). Files that it maps do not count. */
  memory: number;
  /** Bytes of a file that it writes: RLIMIT_FSIZE. */
  file: number;
}

export interface ToolResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Of a tool whose output is no text. */
interface ToolBytes extends Omit<ToolResult, 'stdout'> {
  stdout: Buffer;
}

/** Runs an absolute path. Throws an EnvironmentError unless it ran to its end, whatever its exit code. */
export async function runTool(file: string, args: string[], limits: ToolLimits): Promise<ToolResult> {
  const result = await runForBytes(file, args, limits);
  return { ...result, stdout: result.stdout.toString('utf8') };
}

/** The same for a tool whose output is no text. */
export async function runForBytes(file: string, args: string[], limits: ToolLimits): Promise<ToolBytes> {
  const options = {
    ...(limits.cwd !== undefined && { cwd: limits.cwd }),
    extendEnv: false,
    env: { ...TOOL_ENVIRONMENT, ...limits.env },
    ...(limits.input === undefined ? { stdin: 'ignore' as const } : { input: limits.input }),
    buffer: false,
    reject: false,
    // A session of its own: Ctrl-C on the terminal is for xdpkeep, which wants its tool's answer before it ends.
    detached: true,
    // execa would end the process on a signal, whatever handlers we have.
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
  // At once: its number is not given to another process before that.
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

/** Helpers that a tool started are in its session; one that it does not wait for would outlive it, and our limits. */
function endSession(leader: number | undefined): void {
  if (leader === undefined) return; // it never started
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // nobody is left
  }
}

/**
 * Node sets no limits for what it starts: a shell does, which the tool then takes the place of. Units of `ulimit`: sh(1).
 * With SIGXFSZ ignored, what writes too much is told (EFBIG), and can say so.
 */
const BOUND = `trap '' XFSZ && ulimit -d "$1" && ulimit -f "$2" && shift 2 && exec "$@"`;

function bounded(file: string, args: string[], resources: Resources | undefined): [string, string[]] {
  if (!resources) return [file, args];
  const limits = [resources.memory / 1024, resources.file / 512].map((one) => String(Math.ceil(one)));
  return ['/bin/sh', ['-c', BOUND, 'sh', ...limits, file, ...args]];
}

/** Collects what a stream says, up to a limit; `kill` is called once it is exceeded. */
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

  /** A grandchild may hold the other end: closing ours ends the wait. */
  close(): void {
    this.stream.destroy();
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

/** Debian's places for tools of root, which are not on every PATH. */
const FALLBACK_DIRECTORIES = ['/usr/sbin', '/usr/local/sbin', '/sbin', '/usr/bin'];

/** First executable of this name in the absolute directories of PATH, then in the usual ones. */
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
