// Runs git so that only our arguments decide what it does: no system, user or repository configuration that could run a program, no
// hooks, no prompts, no transports but file, ssh and https. Only plumbing commands are called; there is no work tree, so filters,
// attributes and submodules have no effect.
import { existsSync } from 'node:fs';
import { findTool, runForBytes } from '../kernel/tool.js';
import { EnvironmentError } from '../model/errors.js';

/** What was asked of the mirror failed: it is damaged, until somebody knows better. */
export class GitError extends EnvironmentError {}

const SETTINGS = {
  'safe.directory': '*',
  'core.fsmonitor': 'false',
  'core.hooksPath': '/dev/null',
  'core.attributesFile': '/dev/null',
  'core.askPass': '/bin/false',
  'credential.helper': '',
  'protocol.allow': 'never',
  'protocol.file.allow': 'always',
  'protocol.ssh.allow': 'always',
  'protocol.https.allow': 'always',
  'fetch.fsckObjects': 'true',
  // Larger blobs go through without being held in memory.
  'core.bigFileThreshold': '16m',
  // One file for each fetch, whose size is bounded, and none for each object.
  'fetch.unpackLimit': '1',
  'fetch.recurseSubmodules': 'false',
  'gc.auto': '0',
  'maintenance.auto': 'false',
};

const ENVIRONMENT = {
  // Credentials are those of the user who runs us: ssh looks their home up by itself, curl (~/.netrc) where HOME is not set.
  HOME: undefined,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  // Objects that are missing are fetched in one go, by us; git would ask for each by itself.
  GIT_NO_LAZY_FETCH: '1',
};

/**
 * A local remote is read by a git of its own, which does not get our settings: it refuses repositories of other users,
 * though nothing of theirs is run here.
 */
export const UPLOAD_PACK = 'git -c safe.directory=* -c core.hooksPath=/dev/null upload-pack';

/** systemd hands a unit files that only root may read: LoadCredential=ssh:FOLDER in systemd.exec(5). */
function sshCommand(): string {
  const { CREDENTIALS_DIRECTORY: folder } = process.env;
  const options = (name: string, what: (path: string) => string[]) => {
    const path = `${folder ?? ''}/ssh_${name}`;
    return folder !== undefined && existsSync(path) ? what(path) : [];
  };
  return [
    'ssh -oBatchMode=yes -oConnectTimeout=20',
    ...options('key', (path) => ['-oIdentitiesOnly=yes', '-i', path]),
    ...options('known_hosts', (path) => [`-oUserKnownHostsFile=${path}`]),
  ].join(' ');
}

export interface GitRun {
  input?: string;
  /** Milliseconds. */
  time?: number;
  /** Bytes that a file it writes may have. */
  room?: number;
  /** Bytes that it may print. */
  output?: number;
}

export interface Largest {
  /** Bytes of all packs. */
  bytes: number;
  objects: number;
}

/** What a repository may cost: far more than state files and their history need. */
export const LARGEST_REPOSITORY: Largest = { bytes: 2 ** 31, objects: 2_000_000 };

/** Bytes of memory for each git; of what is larger, a commit or a tree, it says that it is out of memory. */
const MEMORY = 1 << 30;

/** Bytes: all state files of a repository, as tree.ts limits them, fit in. */
const MOST_OUTPUT = 600 << 20;

export class Git {
  readonly #tool: string;

  /** `dir` is the bare repository, or that part of another; absent for what needs none. Throws an EnvironmentError when there is no git. */
  constructor(
    private readonly dir: string | undefined,
    private readonly ended?: AbortSignal,
  ) {
    const tool = findTool('git');
    if (tool === undefined) {
      throw new EnvironmentError('git is not installed', { hint: 'Run apt-get install git.' });
    }
    this.#tool = tool;
  }

  /** Whatever the exit code. Throws a GitError when git does not come to its end: damage can do that to it. */
  async run(
    args: string[],
    { input, time = 60_000, room = LARGEST_REPOSITORY.bytes, output = MOST_OUTPUT }: GitRun = {},
  ) {
    const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const where = this.dir === undefined ? [] : [`--git-dir=${this.dir}`];
    const env = { ...ENVIRONMENT, GIT_SSH_COMMAND: sshCommand() };
    const resources = { memory: MEMORY, file: room };
    const limits = { time, output, input, env, ended: this.ended, resources };
    try {
      return await runForBytes(this.#tool, [...settings, ...where, ...args], limits);
    } catch (error) {
      if (!(error instanceof EnvironmentError) || this.ended?.aborted === true) throw error;
      const why = /did not end within .*|was ended by .*|printed more than .*/.exec(error.message)?.[0];
      throw new GitError(`git ${commandOf(args)} ${why ?? 'did not start'}`, { cause: error });
    }
  }

  /** Throws a GitError on any other exit code than 0. */
  async bytes(args: string[], options?: GitRun): Promise<Buffer> {
    const { exitCode, stdout, stderr } = await this.run(args, options);
    if (exitCode === 0) return stdout;
    throw new GitError(`git ${commandOf(args)} failed: ${lastLine(stderr)}`, { log: stderr });
  }

  async lines(args: string[], options?: GitRun): Promise<string[]> {
    return (await this.bytes(args, options)).toString('utf8').split('\n').filter(Boolean);
  }
}

/** Without the settings before it. */
function commandOf(args: string[]): string {
  return args.find((arg, at) => !arg.startsWith('-') && args[at - 1]?.toLowerCase() !== '-c') ?? '';
}

/** What follows the cause when a transport ends. */
const ADVICE =
  /(?<=\n)fatal: Could not read from remote repository\.\s+Please make sure you have the correct access rights\s+and the repository exists\.\s*$/;

/** The cause: the last line of git's output that is not such advice. */
export function lastLine(stderr: string): string {
  return (
    stderr
      .replace(ADVICE, '')
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^fatal: /, '') ?? ''
  );
}
