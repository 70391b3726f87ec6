// `xdpkeep diff REV1 REV2`: two revisions of the repository that a state directory is in. Both are read out of their
// commits; the files that lie there now do not matter.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diffStates } from './diff/state-diff.js';
import { listHosts } from './desired/hosts.js';
import { loadHost } from './desired/load.js';
import { loadPolicies } from './desired/load-all.js';
import { MemoryObjectStore } from './disk/object-store.js';
import { endCleanly } from './kernel/ending.js';
import { HostNotFoundError, UsageError } from './model/errors.js';
import type { StateDiff, WholeState } from './model/state-diff.js';
import { Git } from './source/git.js';
import { listTree, type Tree, writeTree } from './source/tree.js';

export interface RevisionDiffOptions {
  stateDir: string;
  from: string;
  to: string;
  /** Look also which packets change their fate. */
  semantic: boolean;
}

/** Throws a UsageError when there is no such repository or revision, an InvalidStateError when one is not valid. */
export function diffRevisions(options: RevisionDiffOptions): Promise<StateDiff> {
  return endCleanly(async (ended) => {
    const scratch = mkdtempSync(join(tmpdir(), 'xdpkeep-'));
    try {
      const repository = await findRepository(options.stateDir, ended);
      const [from, to] = [
        await readRevision(repository, options.from, join(scratch, 'from')),
        await readRevision(repository, options.to, join(scratch, 'to')),
      ];
      return {
        apiVersion: 'xdpkeep/v1',
        kind: 'StateDiff',
        from: { revision: options.from, commit: from.commit },
        to: { revision: options.to, commit: to.commit },
        semantic: options.semantic,
        ...diffStates(from.state, to.state, options.semantic),
      };
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });
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
): Promise<{ commit: string; state: WholeState }> {
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
  if (!tree) return { commit, state: { hosts: [], policies: [] } };
  await writeTree(git, tree, folder);
  return { commit, state: await readState(join(folder, path), `${revision}:${path}`) };
}

async function listIfThere(git: Git, commit: string, path: string): Promise<Tree | undefined> {
  try {
    return await listTree(git, commit, path);
  } catch (error) {
    if (error instanceof HostNotFoundError) return undefined;
    throw error;
  }
}

async function readState(stateDir: string, shownAs: string): Promise<WholeState> {
  const store = new MemoryObjectStore();
  const hosts = [];
  for (const host of listHosts(stateDir).names) {
    hosts.push((await loadHost({ stateDir, store, host, shownAs })).desired);
  }
  const { firewalls } = loadPolicies({ stateDir, store });
  return { hosts, policies: firewalls.map(({ policy }) => policy) };
}
