// What a commit may hold, and what becomes of it.
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rejected } from '../lab/caught.js';
import { Clone } from '../support/clone.js';

const STATE = { 'state/hosts/lab.yaml': 'one' };

test('a repository of SHA-256 names is told apart from one that is gone', async () => {
  const clone = await Clone.create();
  rmSync(join(clone.repository.folder, '.git'), { recursive: true });
  await clone.repository.git('init', '--quiet', '--object-format=sha256', '--initial-branch=main');
  await clone.repository.commit('one', STATE);
  expect(await rejected(clone.take())).toMatchObject({
    exitCode: 69,
    message: expect.stringContaining('names its objects with SHA-256') as string,
  });
});

test('a commit may have any message', async () => {
  const clone = await Clone.create();
  await clone.repository.commit(`${'x'.repeat(1000)} \u001b[31m`, STATE);
  expect((await clone.take())?.adoption.revision.subject).toBe('x'.repeat(500));
});

test('symbolic links and submodules are left out, wherever they lead', async () => {
  const clone = await Clone.create();
  const { repository } = clone;
  repository.write(STATE);
  mkdirSync(join(repository.folder, 'state/lists'));
  symlinkSync('/etc/passwd', join(repository.folder, 'state/lists/out.txt'));
  symlinkSync('../hosts', join(repository.folder, 'state/lists/in'));
  await repository.commit('one');
  await repository.git(
    'update-index',
    '--add',
    '--cacheinfo',
    `160000,${await repository.head()},state/module`,
  );
  await repository.git('commit', '--quiet', '-m', 'module');
  const candidate = await clone.take();
  expect(candidate?.adoption).toMatchObject({
    files: { 'state/hosts/lab.yaml': expect.any(String) as string },
    leftOut: ['state/lists/in', 'state/lists/out.txt', 'state/module'],
  });
  expect(readdirSync(join(clone.folder, 'next/state'))).toEqual(['hosts']);
});

test('a tree whose names lead out of it is not taken', async () => {
  const clone = await Clone.create();
  const { repository } = clone;
  const before = await repository.commit('one', STATE);
  await clone.take();
  const blob = await repository.git('rev-parse', `${before}:state/hosts/lab.yaml`);
  const make = (line: string) => repository.pipe(line, 'mktree', '-z');
  const evil = await make(`100644 blob ${blob}\t..\0`);
  const state = await make(`040000 tree ${evil}\tlists\0`);
  const root = await make(`040000 tree ${state}\tstate\0`);
  const commit = await repository.git('commit-tree', '-p', before, '-m', 'evil', root);
  await repository.git('update-ref', 'refs/heads/main', commit);
  // Such an object does not get through the fetch, and that is no matter of the network.
  expect(await rejected(clone.take())).toMatchObject({
    name: 'UnfitSourceError',
    exitCode: 77,
    message: expect.stringContaining('git refuses what the repository has: object ') as string,
  });
});

test('bytes are what was committed: no end of line, no encoding, no attribute has a say', async () => {
  const clone = await Clone.create();
  const { repository } = clone;
  const content = Buffer.from([0, 255, 13, 10, 13, 254, 10]);
  repository.write({
    '.gitattributes': '* text eol=crlf ident\n',
    'state/a b\tc/"d".o': '',
  });
  writeFileSync(join(repository.folder, 'state/a b\tc/"d".o'), content);
  await repository.git('-c', 'core.attributesFile=/dev/null', 'add', '--all');
  const blob = await repository.pipe(content, 'hash-object', '-w', '--stdin');
  await repository.git('update-index', '--add', '--cacheinfo', `100755,${blob},state/a b\tc/"d".o`);
  await repository.git('commit', '--quiet', '-m', 'bytes');
  await clone.take();
  expect(readFileSync(join(clone.folder, 'next/state/a b\tc/"d".o'))).toEqual(content);
});
