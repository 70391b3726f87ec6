// Copies the state files of a commit to the disk, for the loader. Only regular files are copied; symbolic links and submodules are left
// out and reported, so that no path in a commit leads out of the copy.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { syncFolder, writeNewFile } from '../disk/durable.js';
import { writeFailed } from '../disk/failure.js';
import { HostNotFoundError, RefusedError } from '../model/errors.js';
import type { Git } from './git.js';
import { nameOf, readObjects } from './objects.js';

export interface Tree {
  /** Path in the repository -> name of the blob. */
  files: Record<string, string>;
  /** Paths of what is no regular file. */
  leftOut: string[];
}

/** Bytes of all files together; the loader has closer limits for each. */
const LARGEST = 512 << 20;
const MOST_FILES = 20_000;
/** Bytes of files that are read at once. */
const BATCH = 64 << 20;

/** What lies in `path` of a commit. Throws a HostNotFoundError when there is no such directory. */
export async function listTree(git: Git, commit: string, path: string): Promise<Tree> {
  const name = path === '.' ? `${commit}^{tree}` : `${commit}:${path}`;
  const { exitCode, stdout } = await git.run(['cat-file', '-t', name]);
  if (exitCode !== 0 || stdout.toString().trim() !== 'tree') {
    throw new HostNotFoundError(`commit ${commit} has no directory ${path}`, {
      hint: 'Correct `source: {path: ...}` in the config file, or put the state files there.',
    });
  }
  const listing = (await git.bytes(['ls-tree', '-r', '-z', name])).toString('utf8');
  const tree: Tree = { files: {}, leftOut: [] };
  for (const line of listing.split('\0').filter(Boolean)) {
    const [, mode = '', kind, blob = '', file = ''] = /^(\d+) (\w+) ([0-9a-f]{40})\t(.*)$/s.exec(line) ?? [];
    const shown = path === '.' ? file : `${path}/${file}`;
    if (kind === 'blob' && REGULAR.has(mode) && isPlain(file)) tree.files[shown] = blob;
    else tree.leftOut.push(shown);
  }
  if (Object.keys(tree.files).length > MOST_FILES) throw tooLarge(`${MOST_FILES} files`);
  return tree;
}

const REGULAR = new Set(['100644', '100755', '100664']);

/** git refuses to make such names; a repository may hold them all the same. U+FFFD: not UTF-8. */
function isPlain(file: string): boolean {
  return file.split('/').every((part) => !['', '.', '..'].includes(part)) && !/[\u0000\ufffd]/.test(file);
}

function tooLarge(limit: string): RefusedError {
  const hint = 'Keep what is not state out of this directory.';
  return new RefusedError(`the state directory has more than ${limit}`, { hint });
}

/** Writes the files below `folder`, which is made anew, and makes them durable. Throws a GitError when one is missing. */
export async function writeTree(git: Git, tree: Tree, folder: string): Promise<void> {
  const blobs = Object.values(tree.files);
  const batches = await inBatches(git, blobs, () => tooLarge(`${LARGEST >> 20} MiB`));
  prepare(folder);
  for (const batch of batches) {
    const contents = await readObjects(git, 'blob', [...batch]);
    for (const [file, blob] of Object.entries(tree.files)) {
      const content = contents.get(blob);
      if (content) write(join(folder, file), content);
    }
  }
  for (const one of new Set(Object.keys(tree.files).map((file) => dirname(join(folder, file)))))
    syncFolder(one);
}

async function inBatches(git: Git, blobs: string[], refusal: () => Error): Promise<Set<string>[]> {
  const unique = [...new Set(blobs)];
  const input = unique.map((blob) => `${blob}\n`).join('');
  const sizes =
    unique.length === 0 ? [] : await git.lines(['cat-file', '--batch-check=%(objectsize)'], { input });
  const batches = [new Set<string>()];
  let total = 0;
  let size = 0;
  for (const [at, blob] of unique.entries()) {
    size += Number(sizes[at]);
    total += Number(sizes[at]);
    if (total > LARGEST) throw refusal();
    if (size > BATCH) {
      batches.push(new Set());
      size = Number(sizes[at]);
    }
    batches.at(-1)?.add(blob);
  }
  return batches;
}

function prepare(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw writeFailed(`make ${folder}`, error);
  }
}

function write(file: string, content: Buffer): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeNewFile(file, content);
  } catch (error) {
    throw writeFailed(`write ${file}`, error);
  }
}

/** Is the copy what was written: these files, whole, and no other? */
export function isIntact(folder: string, files: Record<string, string>): boolean {
  try {
    const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
      (one) => !one.isDirectory(),
    );
    return (
      found.length === Object.keys(files).length &&
      found.every((one) => {
        const path = join(one.parentPath, one.name);
        return one.isFile() && nameOf('blob', readFileSync(path)) === files[relative(folder, path)];
      })
    );
  } catch {
    return false; // it can be made again
  }
}
