// A signed file in the repository that stands for signatures which count no more: who takes a key out of the allowed signers vouches
// there for what it has signed, so that hosts which were behind can follow. It names commits, each of which stands for itself and
// all that it descends from. It opens no other way: a commit must descend from the adopted one all the same, so that
// an old file, or an old commit with it, brings nothing back.
import { SignatureError } from '../model/errors.js';
import type { Mirror } from './mirror.js';
import { readObjects } from './objects.js';
import { scopeOf } from './scopes.js';
import type { Succession } from './succession.js';

/** In the root of the repository, wherever the state directory is; its signature beside it. */
const VOUCH = '.xdpkeep/vouch';
/** Of `ssh-keygen -Y sign -n`: a signature of something else is none of this. */
const VOUCH_NAMESPACE = 'xdpkeep-vouch';

export interface Vouched {
  /** Those whose own signatures are not asked for. */
  commits: ReadonlySet<string>;
  /** Why the file counts for nothing. */
  problem?: SignatureError;
}

/**
 * What the file in the tree of `tip` vouches for among the commits that `tip` has and `base` has not. It is signed by a key that counts
 * now and may sign everything.
 */
export async function readVouched(succession: Succession, base: string, tip: string): Promise<Vouched> {
  const { mirror } = succession;
  try {
    const payload = await signedFile(succession, tip);
    const named = [...(payload?.toString('utf8') ?? '').matchAll(/^vouch ([0-9a-f]{40})$/gm)].map(
      ([, commit = '']) => commit,
    );
    if (named.length === 0) return { commits: new Set() };
    const since = new Set(await mirror.git.lines(['rev-list', `${base}..${tip}`]));
    // What is not on the branch is nothing that anybody asks about.
    const found = named.filter((commit) => since.has(commit));
    if (found.length === 0) return { commits: new Set() };
    const commits = await mirror.git.lines(['rev-list', '--stdin'], {
      input: [...found, `^${base}`, ''].join('\n'),
    });
    return { commits: new Set(commits) };
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error;
    return { commits: new Set(), problem: error };
  }
}

/** Bytes of the file, and of its signature. */
const LARGEST = 1 << 20;

/** Its content; `undefined` where there is none. Throws a SignatureError. */
async function signedFile(
  { mirror, verifier, verification }: Succession,
  tip: string,
): Promise<Buffer | undefined> {
  const [payload, signature] = await readFiles(mirror, tip, [VOUCH, `${VOUCH}.sig`]);
  if (!payload) return undefined;
  const what = `${VOUCH} of commit ${tip.slice(0, 12)}`;
  const armour = signature?.toString('latin1').replace(/\n$/, '') ?? '';
  const signer = await verifier.verify({ what, payload, signature: armour, namespace: VOUCH_NAMESPACE });
  if (scopeOf(verification, signer.principal) === undefined) return payload;
  throw new SignatureError(`${what} is signed by ${signer.principal}, who may change only some files`, {
    hint: 'Let somebody who may change everything sign it.',
  });
}

/** Regular files of a commit, by their paths; what is no such file, or too large, is absent. */
async function readFiles(
  mirror: Mirror,
  commit: string,
  paths: readonly string[],
): Promise<(Buffer | undefined)[]> {
  const listing = await mirror.git.bytes(['ls-tree', '-z', commit, '--', ...paths]);
  const blobs = new Map(
    listing
      .toString('utf8')
      .split('\0')
      .flatMap((line) => {
        const [, blob = '', path = ''] = /^100\d+ blob ([0-9a-f]{40})\t(.*)$/s.exec(line) ?? [];
        return path === '' ? [] : [[path, blob] as const];
      }),
  );
  await mirror.fill(commit, { files: Object.fromEntries(blobs), leftOut: [] });
  const contents = await readObjects(mirror.git, 'blob', [...new Set(blobs.values())]);
  return paths.map((path) => {
    const content = contents.get(blobs.get(path) ?? '');
    return content && content.length <= LARGEST ? content : undefined;
  });
}
