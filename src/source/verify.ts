// Decides whether a commit may replace the adopted one: it must descend from it, and every commit in between must carry a valid signature.
// On a host that never adopted a commit, the signature of the newest commit vouches for its whole content.
import { readOwn } from '../disk/regular.js';
import { sha256 } from '../disk/sha256.js';
import { PermissionError, SignatureError } from '../model/errors.js';
import { revisionWords, type Signer } from '../model/revision.js';
import type { Commit } from './commit.js';
import { GitError } from './git.js';
import type { Mirror } from './mirror.js';
import { requireScope, scopeOf } from './scopes.js';
import type { Succession } from './succession.js';
import { readVouched, type Vouched } from './vouch.js';

/** Who signed `commit`. `applied` is the commit before it; absent on the first. Throws a SignatureError. */
export async function verifySuccession(
  succession: Succession,
  commit: string,
  applied: string | undefined,
): Promise<Signer> {
  const { mirror } = succession;
  if (applied === undefined) return verifyFirst(succession, commit);
  if (await mirror.isAncestor(applied, commit)) return verifySince(succession, applied, commit);
  const twin = await twinIn(succession, commit);
  if (twin !== undefined) return verifySince(succession, twin, commit);
  const target = await allowedRewind(succession, applied, commit);
  await verifyOne(succession, target);
  return verifySince(succession, target, commit);
}

/** Commits of a branch among which the twin of the adopted one is looked for, newest first. */
const LOOKED_THROUGH = 10_000;

/**
 * The commit of this branch that differs from the adopted one in its signature alone. With some algorithms (ECDSA) anybody can turn
 * a valid signature into another valid one; without this, a host that adopted such a twin could not follow the branch any more.
 */
async function twinIn({ mirror, signed }: Succession, commit: string): Promise<string | undefined> {
  if (signed === undefined) return undefined;
  const names = await mirror.git.lines(['rev-list', `--max-count=${LOOKED_THROUGH}`, commit]);
  return (await mirror.read(names)).find(({ payload }) => sha256(payload) === signed)?.commit;
}

/** A key that may change only some files cannot vouch for the others: the newest commit of one that may does. */
async function verifyFirst(succession: Succession, commit: string): Promise<Signer> {
  const { mirror, verifier, verification } = succession;
  const isFull = ({ principal }: Signer) => scopeOf(verification, principal) === undefined;
  const signer = await verifyOne(succession, commit);
  if (isFull(signer)) return signer;
  await mirror.complete();
  for (let [at] = await mirror.read([commit]); at; [at] = await mirror.read(at.parents.slice(0, 1))) {
    if (isFull(await verifier.verifyCommit(at))) return verifySince(succession, at.commit, commit);
  }
  const who = `${signer.principal} may change only some files`;
  throw new SignatureError(
    `${who}, and nobody who may change everything signed anything before commit ${commit}`,
    {
      hint: 'Let somebody who may change everything sign a commit.',
    },
  );
}

/** Every commit that `commit` has and `base`, which is trusted, has not. */
async function verifySince(succession: Succession, base: string, commit: string): Promise<Signer> {
  const { mirror, verifier, verification, source } = succession;
  if (base === commit) return verifyOne(succession, commit);
  let last: Signer | undefined;
  let vouched: Vouched | undefined;
  const commits = await mirror.commitsSince(base, commit);
  await requireWhole(mirror, base, commits);
  for (const one of commits) {
    try {
      last = await verifier.verifyCommit(one);
      const paths = scopeOf(verification, last.principal);
      if (paths) await requireScope(mirror.git, one, last, { paths, path: source.path });
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error;
      // Few branches have one, and it is asked only then. The newest commit is in none: a file cannot name the commit that holds it.
      vouched ??= await readVouched(succession, base, commit);
      if (!vouched.commits.has(one.commit)) throw unvouched(error, vouched);
    }
  }
  return last ?? verifyOne(succession, commit);
}

function unvouched(error: SignatureError, { problem }: Vouched): SignatureError {
  if (!problem) return error;
  return new SignatureError(`${error.message}; and ${problem.message}`, { hint: error.hint });
}

/** A remote that says that history begins somewhere must not get around what is below it. */
async function requireWhole(mirror: Mirror, base: string, commits: Commit[]): Promise<void> {
  const known = new Set([base, ...commits.map(({ commit }) => commit)]);
  for (const parent of commits.flatMap(({ parents }) => parents)) {
    if (known.has(parent) || (await mirror.isAncestor(parent, base))) continue;
    throw new SignatureError(`commit ${parent} cannot be verified: the remote hides it`, {
      hint: 'Follow a repository that has its whole history.',
    });
  }
}

async function verifyOne({ mirror, verifier }: Succession, name: string): Promise<Signer> {
  const [commit] = await mirror.read([name]);
  if (!commit) throw new GitError(`the mirror has no commit ${name}`);
  return verifier.verifyCommit(commit);
}

/** Of `ssh-keygen -Y sign -n`: a signature of something else is none of this. */
const REWIND_NAMESPACE = 'xdpkeep-rewind';

/** The commit that a signed file lets take the place of `applied`, which `commit` is or descends from. */
async function allowedRewind(
  { mirror, verifier, verification: { allowRewind } }: Succession,
  applied: string,
  commit: string,
): Promise<string> {
  const [candidate] = await mirror.read([commit]);
  const message = `commit ${candidate ? revisionWords(candidate) : commit} does not descend from ${applied}, which was applied: history was rewritten`;
  const line = `rewind ${applied} ${commit}`;
  const file = allowRewind ?? 'the file that `verify: {allowRewind: FILE}` names';
  const hint = `If that was meant, write "${line}" into ${file} and sign it: ssh-keygen -Y sign -n ${REWIND_NAMESPACE} -f KEY ${allowRewind ?? 'FILE'}.`;
  const payload = allowRewind === undefined ? undefined : readIfThere(allowRewind);
  if (!payload || allowRewind === undefined) throw new SignatureError(message, { hint });
  const signature = readIfThere(`${allowRewind}.sig`)?.toString('latin1').replace(/\n$/, '') ?? '';
  await verifier.verify({ what: allowRewind, payload, signature, namespace: REWIND_NAMESPACE });
  for (const [, from, to = ''] of payload
    .toString('utf8')
    .matchAll(/^rewind ([0-9a-f]{40}) ([0-9a-f]{40})$/gm)) {
    if (from === applied && (await mirror.isAncestor(to, commit))) return to;
  }
  throw new SignatureError(`${message}, and ${allowRewind} does not allow it`, { hint });
}

/** Bytes. */
const LARGEST_PERMISSION = 1 << 20;

function readIfThere(file: string): Buffer | undefined {
  try {
    return readOwn(file, LARGEST_PERMISSION);
  } catch (error) {
    if (error instanceof PermissionError) throw error;
    return undefined; // then nothing is allowed
  }
}
