// Signed tags, for who applies only what somebody has released: which commit of the branch the newest of them is on. A tag says its own
// name, so that one cannot be put under another; and it takes nobody back, for a commit must descend from the adopted one.
import { SignatureError, UntaggedError } from '../model/errors.js';
import { listRemote, type Mirror } from './mirror.js';
import { readObjects } from './objects.js';
import { scopeOf } from './scopes.js';
import { COMMIT_NAMESPACE } from './signature.js';
import type { Succession } from './succession.js';

const TAGS = 'refs/tags/';
/** Of the newest commits that have tags of such a name; who may push may put any number there. */
const MOST_TAGS = 50;
/** Commits of the branch that are looked through, newest first. */
const LOOKED_THROUGH = 10_000;

interface Tag {
  /** Full. */
  name: string;
  /** Of the tag itself. */
  object: string;
  commit: string;
}

/** The refs of a repository that this pattern means, as git fetches them. */
export function tagRefs(pattern: string): string {
  return `+${TAGS}${pattern}:${TAGS}${pattern}`;
}

/** Object of each tag of a repository, and after `^{}` the commit that it names. Throws an UnreachableError. */
export function listTags(git: string, ended: AbortSignal): Promise<ReadonlyMap<string, string>> {
  return listRemote(git, [`${TAGS}*`], ended);
}

/**
 * The newest commit that `tip` has and `applied` has not, and that carries a tag of such a name, signed by a key that may sign everything
 * now. `listed`: what listTags says. Throws an UntaggedError where there is none.
 */
export async function findTagged(
  succession: Pick<Succession, 'mirror' | 'verifier' | 'verification'>,
  listed: ReadonlyMap<string, string>,
  pattern: string,
  tip: string,
  applied: string | undefined,
): Promise<string> {
  const { mirror } = succession;
  const found = tagsOf(listed, pattern);
  if (applied === undefined) await mirror.complete();
  const base = applied === undefined ? [] : [`^${applied}`];
  const newest = ['rev-list', '--topo-order', `--max-count=${LOOKED_THROUGH}`, tip, ...base];
  const tags = (await mirror.git.lines(newest))
    .flatMap((commit) => found.filter((tag) => tag.commit === commit))
    .slice(0, MOST_TAGS);
  if (tags.length > 0) await mirror.obtainTags(tags.map(({ name }) => name));
  const problems: string[] = [];
  for (const tag of tags) {
    try {
      await requireSigned(succession, mirror, tag);
      return tag.commit;
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error;
      problems.push(error.message);
    }
  }
  const [why] = problems;
  const reason = why === undefined ? '' : ` (${why})`;
  throw new UntaggedError(`commit ${tip.slice(0, 12)} waits for a signed tag ${pattern}${reason}`, {
    hint: 'Tag what is to run: git tag -s NAME COMMIT, and push the tag.',
  });
}

/** Those that are objects of their own: only such are signed. */
function tagsOf(listed: ReadonlyMap<string, string>, pattern: string): Tag[] {
  const [before = '', after] = pattern.split('*');
  const isMeant = (tag: string): boolean =>
    after === undefined
      ? tag === before
      : tag.length >= before.length + after.length && tag.startsWith(before) && tag.endsWith(after);
  return [...listed].flatMap(([name, object]) => {
    const commit = listed.get(`${name}^{}`);
    return commit !== undefined && isMeant(name.slice(TAGS.length)) ? [{ name, object, commit }] : [];
  });
}

const SIGNATURE = /^-----BEGIN (?:SSH|PGP) SIGNATURE-----$/m;

/** Throws a SignatureError. */
async function requireSigned(
  { verifier, verification }: Pick<Succession, 'verifier' | 'verification'>,
  mirror: Mirror,
  { name, object, commit }: Tag,
): Promise<void> {
  const short = name.slice(TAGS.length);
  const what = `tag ${short}`;
  const hint = `Make another one: git tag -s ${short} COMMIT.`;
  const content = (await readObjects(mirror.git, 'tag', [object])).get(object) ?? Buffer.alloc(0);
  const text = content.toString('latin1');
  const [, says, kind, called] = /^object ([0-9a-f]{40})\ntype (\w+)\ntag ([^\n]+)\n/.exec(text) ?? [];
  if (says !== commit || kind !== 'commit' || called !== Buffer.from(short).toString('latin1'))
    throw new SignatureError(`${what} is another one, or not on a commit`, { hint });
  const at = SIGNATURE.exec(text)?.index ?? text.length;
  const signer = await verifier.verify({
    what,
    payload: content.subarray(0, at),
    signature: text.slice(at).replace(/\n$/, ''),
    namespace: COMMIT_NAMESPACE,
  });
  if (scopeOf(verification, signer.principal) === undefined) return;
  throw new SignatureError(`${what} is signed by ${signer.principal}, who may change only some files`, {
    hint: 'Let somebody who may change everything make the tag.',
  });
}
