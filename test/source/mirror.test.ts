// What is fetched and kept: as little as will do, from any kind of remote, and never more trusted than it deserves.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { restore } from '../../src/source/acquire.js';
import { askRemote } from '../../src/source/mirror.js';
import { isIntact } from '../../src/source/tree.js';
import { rejected } from '../lab/caught.js';
import { scratch } from '../desired/state-dir.js';
import { Clone } from '../support/clone.js';

const STATE = { 'state/hosts/lab.yaml': 'one' };

test.each(['path', 'file URL'])('shallow and blobless, and then what came since: %s', async (kind) => {
  const clone = await Clone.create();
  const { repository } = clone;
  if (kind === 'file URL') clone.url = `file://${repository.folder}`;
  await repository.git('config', 'uploadpack.allowFilter', 'true');
  for (let one = 0; one < 5; one++)
    await repository.commit(`${one}`, { 'state/hosts/lab.yaml': `${one}`, [`doc/${one}`]: `${one}` });
  await clone.take();
  expect(clone.read('state/hosts/lab.yaml')).toBe('4');
  expect([await clone.objects('commit'), await clone.objects('blob')]).toEqual([1, 1]);
  await repository.commit('a', { 'state/hosts/lab.yaml': 'a' });
  await repository.commit('b', { 'state/lists/b.txt': 'b' });
  await clone.take();
  expect([clone.read('state/hosts/lab.yaml'), clone.read('state/lists/b.txt')]).toEqual(['a', 'b']);
  expect([await clone.objects('commit'), await clone.objects('blob')]).toEqual([3, 3]);
  expect(await clone.take()).toBeUndefined();
});

test('a remote without filters gives more, and works as well', async () => {
  const clone = await Clone.create();
  await clone.repository.git('config', 'uploadpack.allowFilter', 'false');
  await clone.repository.commit('one', STATE);
  await clone.take();
  await clone.repository.commit('two', { 'state/hosts/lab.yaml': 'two', 'doc/x': 'x' });
  expect((await clone.take())?.adoption.files).toEqual({
    'state/hosts/lab.yaml': expect.any(String) as string,
  });
  expect(clone.read('state/hosts/lab.yaml')).toBe('two');
  expect(existsSync(join(clone.folder, 'next/doc'))).toBe(false);
});

test.each<[damage: string, harm: (mirror: string) => void]>([
  [
    'an empty folder',
    (mirror) => {
      rmSync(mirror, { recursive: true });
      mkdirSync(mirror);
    },
  ],
  [
    'no HEAD',
    (mirror) => {
      rmSync(join(mirror, 'HEAD'));
    },
  ],
  [
    'a lock that a killed git left',
    (mirror) => {
      writeFileSync(join(mirror, 'shallow.lock'), '');
    },
  ],
  [
    'a config that is none',
    (mirror) => {
      writeFileSync(join(mirror, 'config'), '[core');
    },
  ],
  [
    'a cut pack',
    (mirror) => {
      for (const pack of packsOf(mirror)) truncateSync(pack, 40);
    },
  ],
  [
    'no packs',
    (mirror) => {
      for (const pack of packsOf(mirror)) rmSync(pack);
    },
  ],
  [
    'a file in its place',
    (mirror) => {
      rmSync(mirror, { recursive: true });
      writeFileSync(mirror, '');
    },
  ],
])('a damaged mirror is made again: %s', async (_damage, harm) => {
  const clone = await Clone.create();
  await clone.repository.commit('one', STATE);
  await clone.take();
  harm(clone.mirror);
  await clone.repository.commit('two', { 'state/hosts/lab.yaml': 'two' });
  await clone.take();
  expect(clone.read('state/hosts/lab.yaml')).toBe('two');
});

function packsOf(mirror: string): string[] {
  const folder = join(mirror, 'objects/pack');
  return readdirSync(folder)
    .filter((one) => one.endsWith('.pack'))
    .map((one) => join(folder, one));
}

test('a mirror of very many packs is begun again', async () => {
  const clone = await Clone.create();
  await clone.repository.commit('one', STATE);
  await clone.take();
  const folder = join(clone.mirror, 'objects/pack');
  for (let one = 0; one < 60; one++) writeFileSync(join(folder, `pack-${one}.pack`), '');
  await clone.repository.commit('two', { 'state/hosts/lab.yaml': 'two' });
  await clone.take();
  expect(packsOf(clone.mirror).length).toBeLessThan(5);
});

test('the root of a repository, another directory, another branch, an annotated tag', async () => {
  const clone = await Clone.create();
  const { repository } = clone;
  const commit = await repository.commit('one', {
    'hosts/lab.yaml': 'root',
    'deep/er/hosts/lab.yaml': 'deeper',
  });
  clone.path = '.';
  expect((await clone.take())?.adoption.files).toMatchObject({
    'hosts/lab.yaml': expect.any(String) as string,
  });
  clone.path = 'deep/er';
  expect(Object.keys((await clone.take())?.adoption.files ?? {})).toEqual(['deep/er/hosts/lab.yaml']);
  await repository.git('tag', '--annotate', '-m', 'v1', 'v1');
  clone.adopted = undefined;
  clone.ref = 'refs/tags/v1';
  expect((await clone.take())?.adoption.revision).toMatchObject({ commit });
  expect(await clone.take()).toBeUndefined();
  clone.path = 'nowhere';
  expect(await rejected(clone.take())).toMatchObject({
    name: 'HostNotFoundError',
    message: `commit ${commit} has no directory nowhere`,
  });
});

test('the copy is checked against what was adopted, and made again from the mirror alone', async () => {
  const clone = await Clone.create();
  await clone.repository.commit('one', { ...STATE, 'state/lists/a.txt': 'a' });
  const candidate = await clone.take();
  if (!candidate) throw new Error('nothing was taken');
  const dataDir = scratch();
  const tree = join(dataDir, 'source/tree');
  await restore(dataDir, candidate.adoption, clone.where);
  clone.repository.write({});
  rmSync(clone.repository.folder, { recursive: true });
  const harms = [
    () => {
      writeFileSync(join(tree, 'state/hosts/lab.yaml'), 'mine');
    },
    () => {
      writeFileSync(join(tree, 'state/hosts/more.yaml'), 'more');
    },
    () => {
      rmSync(join(tree, 'state/lists'), { recursive: true });
    },
    () => {
      rmSync(join(tree, 'state/lists/a.txt'));
      symlinkSync('/dev/null', join(tree, 'state/lists/a.txt'));
    },
    () => {
      rmSync(tree, { recursive: true });
    },
  ];
  for (const harm of harms) {
    expect(isIntact(tree, candidate.adoption.files)).toBe(true);
    harm();
    expect(isIntact(tree, candidate.adoption.files)).toBe(false);
    await restore(dataDir, candidate.adoption, clone.where);
  }
  expect(isIntact(tree, candidate.adoption.files)).toBe(true);
});

test.each([
  ['/nowhere/state.git', "'/nowhere/state.git' does not appear to be a git repository"],
  ['ssh://127.0.0.1:1/state.git', /127\.0\.0\.1 port 1: Connection refused/],
])('%s: what is said is the cause, not what git advises after it', async (git, cause) => {
  const error = await rejected(askRemote({ git, ref: 'main', path: 'state' }));
  expect(error).toMatchObject({ name: 'UnreachableError' });
  expect((error as Error).message).toMatch(cause);
  expect((error as Error).message).not.toContain('\n');
});
