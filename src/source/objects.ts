// Reads objects from the mirror by their hashes, and hashes each itself: an object with another hash is damaged, whatever git says.
import { createHash } from 'node:crypto';
import { type Git, GitError } from './git.js';
import { tooLarge } from './repository.js';

/** 40 hexadecimal digits. */
export const OBJECT_NAME = /^[0-9a-f]{40}$/;

/** Bytes of one. Nobody writes such a commit by hand; a blob is limited by what a state directory may hold. */
const LARGEST = { commit: 1 << 20, tag: 1 << 20, blob: 512 << 20 } as const;
type Kind = keyof typeof LARGEST;
/** Bytes of all commits that are read at once. */
const ALL_COMMITS = 256 << 20;
/** Bytes that are read with one git. */
const BATCH = 64 << 20;

/**
 * Name -> content. How large they are is asked before any content is. Throws an UnfitSourceError for what is too large, a GitError
 * when one is missing, of another kind, or not what its name says.
 */
export async function readObjects(git: Git, kind: Kind, names: string[]): Promise<Map<string, Buffer>> {
  const objects = new Map<string, Buffer>();
  if (names.length === 0) return objects;
  for (const batch of batchesOf(await sizesOf(git, kind, names))) {
    await readBatch(git, kind, batch, objects);
  }
  return objects;
}

interface Sized {
  name: string;
  /** Bytes. */
  size: number;
}

async function sizesOf(git: Git, kind: Kind, names: string[]): Promise<Sized[]> {
  const input = names.map((name) => `${name}\n`).join('');
  const lines = await git.lines(['cat-file', '--batch-check=%(objecttype) %(objectsize)'], { input });
  const sized = names.map((name, at) => {
    const [found, size = ''] = (lines[at] ?? '').split(' ');
    if (found !== kind) throw new GitError(`the mirror has no ${kind} ${name}`);
    if (Number(size) > LARGEST[kind]) throw tooLarge(`a ${kind} (${name}) of ${size} bytes`);
    return { name, size: Number(size) };
  });
  const total = sized.reduce((sum, { size }) => sum + size, 0);
  if (kind !== 'blob' && total > ALL_COMMITS)
    throw tooLarge(`${names.length} new ${kind}s of ${total} bytes`);
  return sized;
}

function batchesOf(objects: Sized[]): Sized[][] {
  const batches: Sized[][] = [];
  let bytes = Infinity;
  for (const one of objects) {
    bytes += one.size;
    if (bytes > BATCH) {
      batches.push([]);
      bytes = one.size;
    }
    batches.at(-1)?.push(one);
  }
  return batches;
}

async function readBatch(git: Git, kind: Kind, batch: Sized[], objects: Map<string, Buffer>): Promise<void> {
  const input = batch.map(({ name }) => `${name}\n`).join('');
  /** Of the line before each. */
  const heads = 128 * batch.length;
  const expected = batch.reduce((sum, { size }) => sum + size, heads);
  const output = await git.bytes(['cat-file', '--batch'], { input, output: expected });
  let at = 0;
  for (const { name, size } of batch) {
    const end = output.indexOf('\n', at);
    const content = output.subarray(end + 1, end + 1 + size);
    if (nameOf(kind, content) !== name) throw new GitError(`the mirror has no ${kind} ${name}`);
    objects.set(name, content);
    at = end + 1 + size + 1;
  }
}

/** The name that git gives to this content. */
export function nameOf(kind: Kind, content: Uint8Array): string {
  return createHash('sha1').update(`${kind} ${content.length}\0`).update(content).digest('hex');
}
