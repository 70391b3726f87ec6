// Decides which key may change which files. A principal with scopes may change only the files that they name, and may not sign merges:
// the diff of a merge does not show what the merge dropped.
import type { Scope, Verification } from '../model/config.js';
import { SignatureError } from '../model/errors.js';
import { revisionWords, type Signer } from '../model/revision.js';
import type { Commit } from './commit.js';
import type { Git } from './git.js';

/** The globs of a principal; `undefined` when it may change everything. */
export function scopeOf({ scopes }: Pick<Verification, 'scopes'>, principal: string): string[] | undefined {
  const own = scopes.filter((scope: Scope) => scope.principal === principal);
  return own.length === 0 ? undefined : own.flatMap(({ paths }) => paths);
}

/** Throws a SignatureError unless the commit changes only what its signer may. `path` is the state directory. */
export async function requireScope(
  git: Git,
  commit: Commit,
  { principal, key }: Signer,
  { paths, path }: { paths: string[]; path: string },
): Promise<void> {
  const who = `${principal}, who signed commit ${revisionWords(commit)} with key ${key},`;
  const hint = 'Let somebody who may change everything sign it.';
  if (commit.parents.length > 1)
    throw new SignatureError(`${who} may change only some files and sign no merge`, { hint });
  const allowed = paths.map(compilePath);
  const args = [
    'diff-tree',
    '-r',
    '-z',
    '--root',
    '--no-commit-id',
    '--name-only',
    '--no-renames',
    commit.commit,
  ];
  const changed = (await git.bytes(args)).toString('utf8').split('\0').filter(Boolean);
  const below = path === '.' ? '' : `${path}/`;
  const beyond = changed.find(
    (file) => file.startsWith(below) && !allowed.some((glob) => glob.test(file.slice(below.length))),
  );
  if (beyond !== undefined) throw new SignatureError(`${who} may not change ${beyond}`, { hint });
}

/** `*` any run within a folder, `**` any run, `?` one character. */
export function compilePath(glob: string): RegExp {
  const source = glob.replace(/\*\*\/?|[*?]|[\\^$.|+(){}[\]]/g, (match) => {
    if (match === '**/') return '(?:.*/)?';
    if (match === '**') return '.*';
    if (match === '*') return '[^/]*';
    return match === '?' ? '[^/]' : `\\${match}`;
  });
  return new RegExp(`^${source}$`, 'su');
}
