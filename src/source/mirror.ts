// The mirror: a bare repository below the data directory with as little of the history as verification needs. It is a cache: if it
// is damaged it is deleted and fetched again. One process at a time works on it.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../disk/durable.js';
import type { GitSource } from '../model/config.js';
import { UnreachableError } from '../model/errors.js';
import { type Commit, parseCommit } from './commit.js';
import { Git, GitError, lastLine, UPLOAD_PACK } from './git.js';
import type { Tree } from './tree.js';
import { OBJECT_NAME, readObjects } from './objects.js';
import { blame, fetchBounded, isUsable, unreachable } from './repository.js';

/** Milliseconds, for a network and for a repository on this machine. */
const LISTING_TIME = { away: 60_000, here: 10_000 };
const CANDIDATE = 'refs/xdpkeep/candidate';

/** What the ref names in the remote: a commit. Throws an UnreachableError. */
export async function askRemote({ git: url, ref }: GitSource, ended?: AbortSignal): Promise<string> {
  const name = fullName(ref);
  const found = await listRemote(url, [name, `${name}^{}`], ended);
  const tip = found.get(`${name}^{}`) ?? found.get(name);
  if (tip !== undefined && OBJECT_NAME.test(tip)) return tip;
  const what =
    tip === undefined ? `has no ${name}` : 'names its objects with SHA-256, which is not supported';
  throw new UnreachableError(`${url} ${what}`, { hint: 'Correct `source` in the config file.' });
}

/** Full names in the remote -> what they name; `NAME^{}`: what the tag NAME is on. Throws an UnreachableError. */
export async function listRemote(
  url: string,
  names: readonly string[],
  ended?: AbortSignal,
): Promise<Map<string, string>> {
  const args = ['ls-remote', ...uploadPack(url), '--', url, ...names];
  const { exitCode, stdout, stderr } = await new Git(undefined, ended)
    .run(args, { time: isHere(url) ? LISTING_TIME.here : LISTING_TIME.away })
    .catch((error: unknown) => {
      if (error instanceof GitError) throw unreachable(url, error.message);
      throw error;
    });
  if (exitCode !== 0) throw unreachable(url, lastLine(stderr), stderr);
  return new Map(
    stdout
      .toString('utf8')
      .split('\n')
      .map((line) => line.split('\t').reverse() as [string, string]),
  );
}

export function fullName(ref: string): string {
  return ref.startsWith('refs/') ? ref : `refs/heads/${ref}`;
}

export function uploadPack(url: string): string[] {
  return isHere(url) ? [`--upload-pack=${UPLOAD_PACK}`] : [];
}

function isHere(url: string): boolean {
  return url.startsWith('/') || url.startsWith('file://');
}

export class Mirror {
  readonly git: Git;

  /** `folder` need not be there yet. */
  constructor(
    private readonly folder: string,
    private readonly source: GitSource,
    ended?: AbortSignal,
  ) {
    this.git = new Git(folder, ended);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /**
   * Fetches `tip`, which the ref names, with its history since `known` where the remote has that.
   * Throws a GitError, and an UnreachableError when something else was sent.
   */
  async update(tip: string, known: string | undefined): Promise<void> {
    await this.#make();
    if (known !== undefined && !(await this.has(known))) {
      await this.#fetch('--depth=1', 'origin', known).catch((error: unknown) => {
        // A remote need not give what no ref names: then its whole history says whether the commit is in it.
        if (!(error instanceof GitError)) throw error;
      });
    }
    const depth = known === undefined ? ['--depth=1'] : [];
    await this.#fetch(...depth, 'origin', `+${fullName(this.source.ref)}:${CANDIDATE}`);
    const [commit] = await this.git.lines(['rev-parse', '--verify', `${CANDIDATE}^{commit}`]);
    if (commit === tip) return;
    // The branch moved meanwhile, or the remote has not the whole history and git takes nothing from it.
    throw new UnreachableError(`${this.source.git} did not send ${tip}`, {
      hint: 'Run it again; if that does not help, follow a repository that has its whole history.',
    });
  }

  /** One commit by its name, from the mirror or else from the remote. Throws a GitError. */
  async obtain(commit: string): Promise<void> {
    await this.#make();
    if (!(await this.has(commit))) await this.#fetch('--depth=1', 'origin', commit);
  }

  /** The objects of tags, by the full names that they have in the remote. Throws a GitError. */
  async obtainTags(names: readonly string[]): Promise<void> {
    await this.#fetch('origin', ...names.map((name) => `+${name}:${name}`));
  }

  async has(commit: string): Promise<boolean> {
    return (await this.git.run(['cat-file', '-e', `${commit}^{commit}`])).exitCode === 0;
  }

  /** `commit` is in the mirror. */
  async isAncestor(ancestor: string, commit: string): Promise<boolean> {
    const ask = async () =>
      (await this.git.run(['merge-base', '--is-ancestor', ancestor, commit])).exitCode === 0;
    // Where history is cut, an ancestor may be beyond the cut.
    return (await ask()) || ((await this.complete()) && (await ask()));
  }

  /** Those that `tip` has and `base` has not, parents before children. */
  async commitsSince(base: string, tip: string): Promise<Commit[]> {
    const list = () => this.git.lines(['rev-list', '--topo-order', '--reverse', `${base}..${tip}`]);
    let names = await list();
    let commits = await this.read(names);
    // Where history is cut, what a merge brings in cannot be told from what was there.
    if (commits.some(({ parents }) => parents.length > 1) && (await this.complete())) {
      names = await list();
      commits = await this.read(names);
    }
    return commits;
  }

  async read(names: string[]): Promise<Commit[]> {
    const objects = await readObjects(this.git, 'commit', names);
    return [...objects].map(([name, content]) => parseCommit(name, content));
  }

  /** Fetches the whole history, without files. True when some of it was missing. */
  async complete(): Promise<boolean> {
    if (!existsSync(join(this.folder, 'shallow'))) return false;
    await this.#fetch('--unshallow', 'origin', `+${fullName(this.source.ref)}:${CANDIDATE}`);
    return true;
  }

  /** Brings the blobs that a tree needs and the mirror has not. */
  async fill(commit: string, { files }: Tree): Promise<void> {
    const blobs = new Set(Object.values(files));
    const lines = await this.git.lines(['rev-list', '--objects', '--missing=print', '--no-walk', commit]);
    const missing = lines.filter((line) => line.startsWith('?') && blobs.has(line.slice(1)));
    if (missing.length === 0) return;
    const input = missing.map((line) => `${line.slice(1)}\n`).join('');
    // Told which commits we have, the remote would think that we have their files too.
    const asked = ['-c', 'fetch.negotiationAlgorithm=noop', ...this.#fetchArguments(), '--stdin', 'origin'];
    await fetchBounded(this.git, this.folder, asked, { input });
  }

  async #make(): Promise<void> {
    if (isUsable(this.folder)) return;
    this.remove();
    makeFolder(this.folder, 0o700);
    await this.git.bytes(['init', '--quiet', '--bare', '--template=', '--initial-branch=none']);
  }

  #fetch(...args: string[]): Promise<void> {
    return fetchBounded(this.git, this.folder, [...this.#fetchArguments(), ...args]);
  }

  #fetchArguments(): string[] {
    const { git: url } = this.source;
    const flags = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'];
    return ['-c', `remote.origin.url=${url}`, 'fetch', ...flags, ...uploadPack(url), '--filter=blob:none'];
  }
}

/** Runs what needs the mirror; once more with a new one when this one turns out to be damaged. */
export async function withMirror<T>(
  mirror: Mirror,
  url: string,
  work: (mirror: Mirror) => Promise<T>,
): Promise<T> {
  try {
    return await work(mirror);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    mirror.remove();
  }
  try {
    return await work(mirror);
  } catch (error) {
    throw error instanceof GitError ? blame(url, error) : error;
  }
}
