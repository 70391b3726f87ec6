// Where a signed tag is required, nothing else is applied, and a tag takes nobody back.
// needs: git
import { expect, test } from 'vitest';
import { SignedWorld } from '../support/signed-world.js';

const waits = (commit: string) => `commit ${commit.slice(0, 12)} waits for a signed tag release-*`;

test('the newest commit that a signed tag is on is applied, what is newer waits', async () => {
  const world = await SignedWorld.create({ requireTag: 'release-*' });
  const { repository } = world;
  const first = await repository.commit('one', { 'state/hosts/lab.yaml': 'one' }, { key: 'ada' });
  expect(await world.refusal()).toMatchObject({ exitCode: 77, message: waits(first) });
  await repository.tag('release-1', first, 'ada');
  const second = await repository.commit('two', { 'state/hosts/lab.yaml': 'two' }, { key: 'ada' });
  expect((await world.adopt()).revision.commit).toBe(first);
  expect((await world.refusal()).message).toBe(waits(second));
  const third = await repository.commit('three', {}, { key: 'netops' });
  const fourth = await repository.commit('four', {}, { key: 'ada' });
  await repository.tag('other-2', fourth, 'ada');
  expect((await world.refusal()).message).toBe(waits(fourth));
  await repository.tag('release-2', second, 'ada');
  await repository.tag('release-3', third, 'netops');
  expect((await world.adopt()).revision.commit).toBe(third);
  expect((await world.refusal()).message).toBe(waits(fourth));
});

test('no tag counts that is light, unsigned, by whom it may not be, under another name, or on what is unsigned', async () => {
  const world = await SignedWorld.create({ requireTag: 'release-*' });
  const { repository, verification } = world;
  const first = await repository.commit('one', { 'state/hosts/lab.yaml': 'one' }, { key: 'ada' });
  await repository.tag('release-1', first, 'ada');
  await world.adopt();
  const second = await repository.commit('two', {}, { key: 'ada' });
  await repository.git('tag', 'release-light', second);
  expect((await world.refusal()).message).toBe(waits(second));
  const refused: [key: string | undefined, message: string][] = [
    [undefined, 'tag release-2 is not signed'],
    ['stranger', 'which is not known'],
    ['old', 'key has expired'],
    ['revoked', 'which is revoked'],
    ['elsewhere', 'may not sign this'],
  ];
  for (const [key, message] of refused) {
    await repository.tag('release-2', second, key);
    const refusal = await world.refusal();
    expect(refusal).toMatchObject({
      exitCode: 77,
      message: expect.stringContaining(waits(second)) as string,
    });
    expect(refusal.message).toContain(message);
  }
  await repository.git('tag', '-d', 'release-2');
  // One of another name, put where a release is expected.
  await repository.tag('draft', second, 'ada');
  await repository.git('update-ref', 'refs/tags/release-3', await repository.git('rev-parse', 'draft'));
  expect((await world.refusal()).message).toContain('tag release-3 is another one');
  await repository.git('tag', '-d', 'release-3');
  // By a key with a scope.
  await repository.tag('release-4', second, 'netops');
  verification.scopes = [{ principal: 'netops@example.org', paths: ['**'] }];
  expect((await world.refusal()).message).toContain('who may change only some files');
  // A tag is no signature of the commits below it.
  const unsigned = await repository.commit('unsigned');
  await repository.tag('release-5', unsigned, 'ada');
  expect((await world.refusal()).message).toContain('"unsigned" by Ada <ada@example.org> is not signed');
});

test('an old tag takes no host back, nor does one that is moved', async () => {
  const world = await SignedWorld.create({ requireTag: 'v*' });
  const { repository } = world;
  const first = await repository.commit('one', { 'state/hosts/lab.yaml': 'one' }, { key: 'ada' });
  await repository.tag('v1', first, 'ada');
  const second = await repository.commit('two', {}, { key: 'ada' });
  await repository.tag('v2', second, 'ada');
  expect((await world.adopt()).revision.commit).toBe(second);
  await repository.git('tag', '-d', 'v2');
  expect(await world.acquire()).toBeUndefined();
  await repository.git('reset', '--quiet', '--hard', first);
  await repository.commit('fork', { 'state/hosts/lab.yaml': 'x' }, { key: 'ada' });
  expect((await world.refusal()).message).toContain('waits for a signed tag v*');
  await repository.tag('v3', await repository.head(), 'ada');
  expect((await world.refusal()).message).toContain('history was rewritten');
});
