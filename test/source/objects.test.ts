// How large an object may be: that is asked before any content is read.
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { Git } from '../../src/source/git.js';
import { nameOf, readObjects } from '../../src/source/objects.js';
import { rejected } from '../lab/caught.js';
import { scratch } from '../desired/state-dir.js';
import { Repository } from '../support/repository.js';

const MOST = 1 << 20;

/** A commit of so many bytes, and the git that reads it. */
async function commitOf(bytes: number) {
  const repository = await Repository.create(scratch());
  const first = await repository.commit('one', { 'state/hosts/lab.yaml': 'one' });
  const head = `${await repository.git('cat-file', 'commit', first)}\n`;
  const content = Buffer.from(head.padEnd(bytes, 'x'));
  const name = await repository.pipe(content, 'hash-object', '-w', '--stdin', '-t', 'commit');
  const git = new Git(join(repository.folder, '.git'));
  return { name, content, git, read: vi.spyOn(git, 'bytes') };
}

test('a commit of a mebibyte is read', async () => {
  const { name, content, git, read } = await commitOf(MOST);
  expect(nameOf('commit', content)).toBe(name);
  expect((await readObjects(git, 'commit', [name])).get(name)?.equals(content)).toBe(true);
  expect(read).toHaveBeenCalledWith(['cat-file', '--batch'], expect.anything());
});

test('one byte more is refused, and nothing of it is read', async () => {
  const { name, git, read } = await commitOf(MOST + 1);
  expect(await rejected(readObjects(git, 'commit', [name]))).toMatchObject({
    name: 'UnfitSourceError',
    exitCode: 77,
    message: `the repository has a commit (${name}) of 1048577 bytes, which is more than is taken`,
  });
  expect(read).not.toHaveBeenCalledWith(['cat-file', '--batch'], expect.anything());
});

test('commits that are too large together are refused, and none of them is read', async () => {
  const { name, git, read } = await commitOf(MOST);
  const names = (count: number) => Array<string>(count).fill(name);
  expect(await rejected(readObjects(git, 'commit', names(257)))).toMatchObject({
    exitCode: 77,
    message: expect.stringContaining('257 new commits of 269484032 bytes') as string,
  });
  expect(read).not.toHaveBeenCalledWith(['cat-file', '--batch'], expect.anything());
});
