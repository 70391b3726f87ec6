// What a fetch may cost, and what is said when it would cost more.
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Git } from '../../src/source/git.js';
import { fetchBounded, isStrewn, isUsable } from '../../src/source/repository.js';
import { rejected } from '../lab/caught.js';
import { scratch } from '../desired/state-dir.js';
import { Repository } from '../support/repository.js';

async function receiver() {
  const parent = scratch();
  const repository = await Repository.create(parent);
  repository.write({ 'state/hosts/lab.yaml': 'one' });
  writeFileSync(join(repository.folder, 'state/random'), randomBytes(1 << 20));
  await repository.commit('one');
  const folder = join(parent, 'receiver.git');
  const git = new Git(folder);
  await git.bytes(['init', '--quiet', '--bare', '--template=']);
  const fetch = (largest?: { bytes: number; objects: number }) =>
    fetchBounded(git, folder, ['fetch', '--quiet', repository.folder, '+refs/heads/main:refs/heads/main'], {
      ...(largest && { largest }),
    });
  return { folder, fetch };
}

test.each([
  ['a pack that is too large', { bytes: 1 << 16, objects: 100 }],
  ['too many objects', { bytes: 1 << 30, objects: 3 }],
])('%s: refused, and nothing is left of it', async (_, largest) => {
  const { folder, fetch } = await receiver();
  expect(await rejected(fetch(largest))).toMatchObject({
    name: 'UnfitSourceError',
    exitCode: 77,
    message: expect.stringMatching(
      /^the repository has more than .*, which is more than is taken$/,
    ) as string,
  });
  const left = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  expect(left.filter((one) => one.includes('pack/'))).toEqual([]);
  await expect(receiver().then((other) => other.fetch())).resolves.toBeUndefined();
});

test('what fits is one pack, also where it is small; a folder that is none is not usable', async () => {
  const { folder, fetch } = await receiver();
  await fetch();
  expect(readdirSync(join(folder, 'objects/pack')).filter((one) => one.endsWith('.pack'))).toHaveLength(1);
  expect(readdirSync(join(folder, 'objects')).sort()).toEqual(['info', 'pack']);
  expect(isUsable(folder)).toBe(true);
  expect(isUsable(scratch())).toBe(false);
});

test('fifty packs are as many as a repository may have to be added to, and then they should be made one', async () => {
  const { folder, fetch } = await receiver();
  await fetch();
  const add = (from: number, to: number) => {
    for (let at = from; at < to; at++) writeFileSync(join(folder, `objects/pack/pack-${at}.pack`), '');
    return { isUsable: isUsable(folder), isStrewn: isStrewn(folder) };
  };
  expect(add(1, 49)).toEqual({ isUsable: true, isStrewn: false });
  expect(add(49, 50)).toEqual({ isUsable: true, isStrewn: true });
  expect(add(50, 51)).toEqual({ isUsable: false, isStrewn: true });
});

test('a repository that is half full is begun again, since one fetch more may fill it', async () => {
  const { folder } = await receiver();
  const pack = join(folder, 'objects/pack/pack-1.pack');
  writeFileSync(pack, '');
  truncateSync(pack, 2 ** 30);
  expect(isUsable(folder)).toBe(true);
  truncateSync(pack, 2 ** 30 + 1);
  expect(isUsable(folder)).toBe(false);
});

test('what is there already takes from the room of a fetch', async () => {
  const { folder, fetch } = await receiver();
  const pack = join(folder, 'objects/pack/pack-1.pack');
  writeFileSync(pack, '');
  truncateSync(pack, 1 << 20);
  const error = await rejected(fetch({ bytes: 3 << 19, objects: 100 }));
  expect(error).toMatchObject({ name: 'UnfitSourceError', exitCode: 77 });
});
