// `xdpkeep diff FROM TO`: compares git revisions of the repository around the state directory, read from their commits and
// not from the work tree, or states of this host (diff-ends.ts).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HostEnd, type DiffPaths, parseEnd, readEnds } from './diff-ends.js';
import { diffStates } from '../diff/state-diff.js';
import { listHosts } from '../desired/host/hosts.js';
import { loadHost } from '../desired/load.js';
import { loadPolicies } from '../desired/load-all.js';
import { MemoryObjectStore } from '../disk/object-store.js';
import { abortOnSignal } from '../kernel/abort-on-signal.js';
import { HostNotFoundError, UsageError } from '../model/errors.js';
import { type DiffEnd, NOTHING, type StateDiff, type WholeState, wholeOf } from '../model/state-diff.js';
import { Git } from '../source/git.js';
import { listTree, type Tree, writeTree } from '../source/tree.js';

export interface DiffOptions extends DiffPaths {
  from: string;
  to: string;
  /** Look also which packets get another verdict; always done where neither is a git revision. */
  semantic: boolean;
}

/**
 * Throws a UsageError when there is no such repository, revision or generation, an InvalidStateError when one is not valid.
 * A revision beside a state of this host is read for this host alone.
 */
export async function diffAny(options: DiffOptions): Promise<StateDiff> {
  const { from, to } = options;
  const ends = [parseEnd(from), parseEnd(to)] as const;
  const [first, second] = ends;
  if (first && second) {
    const [was, is] = await readEnds([first, second], [from, to], options);
    const states = diffStates(wholeOf(was.state), wholeOf(is.state), true);
    return {
      apiVersion: 'xdpkeep/v1',
      kind: 'StateDiff',
      from: was.end,
      to: is.end,
      semantic: true,
      ...states,
    };
  }
  return diffRevisions(options, ends);
}

function diffRevisions(
  options: DiffOptions,
  [first, second]: readonly [HostEnd | undefined, HostEnd | undefined],
): Promise<StateDiff> {
  return abortOnSignal(async (ended) => {
    const scratch = mkdtempSync(join(tmpdir(), 'xdpkeep-'));
    try {
      const repository = await findRepository(options.stateDir, ended);
      const own = first ?? second;
      const read = async (end: HostEnd | undefined, text: string, folder: string): Promise<End> => {
        if (!end)
          return readRevision(repository, text, join(scratch, folder), own ? options.host : undefined);
        const [one] = await readEnds([end, end], [text, text], options);
        return { end: one.end, state: wholeOf(one.state) };
      };
      const [from, to] = [await read(first, options.from, 'from'), await read(second, options.to, 'to')];
      return {
        apiVersion: 'xdpkeep/v1',
        kind: 'StateDiff',
        from: from.end,
        to: to.end,
        semantic: options.semantic,
        ...diffStates(from.state, to.state, options.semantic),
      };
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });
}

interface End {
  end: DiffEnd;
  state: WholeState;
}

interface RepositoryPath {
  git: Git;
  /** Of the state directory. */
  path: string;
}

async function findRepository(stateDir: string, ended: AbortSignal): Promise<RepositoryPath> {
  const ask = ['-C', stateDir, 'rev-parse', '--absolute-git-dir', '--show-prefix'];
  const { exitCode, stdout } = await new Git(undefined, ended).run(ask);
  const [dir = '', prefix = ''] = stdout.toString('utf8').split('\n');
  if (exitCode === 0) return { git: new Git(dir, ended), path: prefix.replace(/\/$/, '') || '.' };
  throw new UsageError(`${stateDir} is in no git repository`, {
    hint: 'Name the state directory of a clone with --state.',
  });
}

async function readRevision(
  { git, path }: RepositoryPath,
  revision: string,
  folder: string,
  host: string | undefined,
): Promise<End> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
  const { exitCode, stdout } = await git.run(args);
  if (exitCode !== 0) {
    throw new UsageError(`there is no revision ${JSON.stringify(revision)} in this repository`, {
      hint: 'Fetch it first; in a workflow, check out with fetch-depth: 0.',
    });
  }
  const commit = stdout.toString('utf8').trim();
  const tree = await listIfThere(git, commit, path);
  // The first commit that has a state directory follows one that has none.
  if (!tree) return { end: { revision, commit }, state: NOTHING };
  await writeTree(git, tree, folder);
  const state = await readState(join(folder, path), `${revision}:${path}`, host);
  return { end: { revision, commit }, state };
}

async function listIfThere(git: Git, commit: string, path: string): Promise<Tree | undefined> {
  try {
    return await listTree(git, commit, path);
  } catch (error) {
    if (error instanceof HostNotFoundError) return undefined;
    throw error;
  }
}

/** All of it, or what one host wants. */
async function readState(stateDir: string, shownAs: string, only: string | undefined): Promise<WholeState> {
  const store = new MemoryObjectStore();
  if (only !== undefined) return wholeOf((await loadHost({ stateDir, store, host: only, shownAs })).desired);
  const hosts = [];
  for (const host of listHosts(stateDir).names) {
    hosts.push((await loadHost({ stateDir, store, host, shownAs })).desired);
  }
  const { firewalls } = loadPolicies({ stateDir, store });
  return { hosts, policies: firewalls.map(({ policy }) => policy) };
}
