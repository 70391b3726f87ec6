// Objects out of the mirror, by their names, which are their hashes: what does not have its hash is damage, whatever
// git says about it.
import { createHash } from 'node:crypto';
import { type Git, GitError } from './git.js';

/** 40 hexadecimal digits. */
export const OBJECT_NAME = /^[0-9a-f]{40}$/;

/** Name -> content. Throws a GitError when one of them is missing, of another kind, or not what its name says. */
export async function readObjects(
  git: Git,
  kind: 'commit' | 'blob',
  names: string[],
): Promise<Map<string, Buffer>> {
  const objects = new Map<string, Buffer>();
  if (names.length === 0) return objects;
  const output = await git.bytes(['cat-file', '--batch'], { input: `${names.join('\n')}\n` });
  let at = 0;
  for (const name of names) {
    const end = output.indexOf('\n', at);
    const [, found, size = '0'] = output.toString('latin1', at, end).split(' ');
    const content = output.subarray(end + 1, end + 1 + Number(size));
    if (found !== kind || nameOf(kind, content) !== name) {
      throw new GitError(`the mirror has no ${kind} ${name}`);
    }
    objects.set(name, content);
    at = end + 1 + Number(size) + 1;
  }
  return objects;
}

/** The name that git gives to this content. */
export function nameOf(kind: 'commit' | 'blob', content: Uint8Array): string {
  return createHash('sha1').update(`${kind} ${content.length}\0`).update(content).digest('hex');
}
