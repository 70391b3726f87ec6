// Gets the next revision: asks the remote, fetches, verifies, and copies the state files. A revision that it returns may be applied; one
// that may not is an error, and the adopted revision stays untouched.
import { join } from 'node:path';
import type { GitSource, Verification } from '../model/config.js';
import { sha256 } from '../disk/sha256.js';
import { UnreachableError } from '../model/errors.js';
import { type Adoption, installTree, treeFolder } from './adoption.js';
import { toRevision } from './commit.js';
import { GitError } from './git.js';
import { askRemote, Mirror, withMirror } from './mirror.js';
import { SignatureVerifier } from './signature.js';
import { isIntact, listTree, writeTree } from './tree.js';
import { findTagged, listTags } from './tags.js';
import { verifySuccession } from './verify.js';

export interface Acquisition {
  source: GitSource;
  /** A copy of the repository that is asked in its place. */
  from?: string;
  /** Commits are not verified where it is absent. */
  verification: Verification | undefined;
  /** A directory of ours, for the mirror and the copy. */
  folder: string;
  ended: AbortSignal;
}

export interface Candidate {
  adoption: Adoption;
  /** The copy of its state files, with the paths of the repository. */
  copy: string;
}

/**
 * `undefined` when the remote has what was adopted. Throws an UnreachableError, a SignatureError, an
 * UntaggedError, or what is wrong with the state directory.
 */
export async function acquire(
  { source, from, verification, folder, ended }: Acquisition,
  adopted: Adoption | undefined,
): Promise<Candidate | undefined> {
  const asked = { ...source, ...(from !== undefined && { git: from }) };
  const tip = await askRemote(asked, ended);
  const applied = adopted?.revision.commit;
  if (tip === applied && adopted?.path === source.path) return undefined;
  const verifier = verification && new SignatureVerifier(verification, folder, ended);
  const copy = join(folder, 'next');
  try {
    return await withMirror(mirrorIn(folder, asked, ended), asked.git, async (mirror) => {
      await mirror.update(tip, applied);
      const succession = verification &&
        verifier && { mirror, source, verification, verifier, signed: adopted?.signed };
      const pattern = verification?.requireTag;
      const commit =
        succession && pattern !== undefined && tip !== applied
          ? await findTagged(succession, await listTags(asked.git, ended), pattern, tip, applied)
          : tip;
      const signer = succession && (await verifySuccession(succession, commit, applied));
      const tree = await listTree(mirror.git, commit, source.path);
      await mirror.fill(commit, tree);
      await writeTree(mirror.git, tree, copy);
      const [said] = await mirror.read([commit]);
      if (!said) throw new GitError(`the mirror has no commit ${commit}`);
      const revision = { ...toRevision(said), ...(signer && { signer }) };
      return { adoption: { ...source, revision, signed: sha256(said.payload), ...tree }, copy };
    });
  } finally {
    verifier?.remember();
  }
}

/** Restores the copy of the adopted state files if it was changed. Throws an UnreachableError. */
export async function restore(dataDir: string, adopted: Adoption, acquisition: Acquisition): Promise<void> {
  if (isIntact(treeFolder(dataDir), adopted.files)) return;
  const { folder, ended } = acquisition;
  const { ref, path, revision } = adopted;
  const git = acquisition.from ?? adopted.git;
  const copy = join(folder, 'next');
  try {
    await withMirror(mirrorIn(folder, { git, ref, path }, ended), git, async (mirror) => {
      await mirror.obtain(revision.commit);
      await mirror.fill(revision.commit, adopted);
      await writeTree(mirror.git, adopted, copy);
    });
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    throw new UnreachableError(`the copy of commit ${revision.commit} is damaged, and ${error.message}`, {
      hint: error.hint,
      cause: error,
    });
  }
  installTree(dataDir, copy);
}

function mirrorIn(folder: string, source: GitSource, ended: AbortSignal): Mirror {
  return new Mirror(join(folder, 'mirror.git'), source, ended);
}
