// Keys that may change only some files.
import { expect, test } from 'vitest';
import { compilePath } from '../../src/source/scopes.js';
import { SignedWorld, STATE } from '../support/signed-world.js';

test('a key with scopes changes what they name, and nothing else', async () => {
  const world = await SignedWorld.create({
    scopes: [{ principal: 'netops@example.org', paths: ['lists/**'] }],
  });
  const { repository } = world;
  await world.begin();
  // What is no state file is nobody's business here.
  const lists = { 'state/lists/bad.txt': '192.0.2.1\n', 'state/lists/eu/de.txt': '', 'README.md': 'hello' };
  const good = await repository.commit('block one', lists, { key: 'netops' });
  expect((await world.adopt()).revision).toMatchObject({
    commit: good,
    signer: { principal: 'netops@example.org' },
  });

  const refuse = async (message: string) => {
    expect(await world.refusal()).toMatchObject({
      exitCode: 77,
      message: expect.stringContaining(message) as string,
    });
    await repository.git('reset', '--quiet', '--hard', good);
  };
  const both = { 'state/lists/bad.txt': '', 'state/hosts/lab.yaml': 'mine' };
  await repository.commit('and a little more', both, { key: 'netops' });
  await refuse('may not change state/hosts/lab.yaml');
  await repository.git('mv', 'state/hosts/lab.yaml', 'state/lists/lab.yaml');
  await repository.commit('move it away', {}, { key: 'netops' });
  await refuse('may not change state/hosts/lab.yaml');
  await repository.git('checkout', '--quiet', '-b', 'side');
  await repository.commit('aside', { 'state/lists/aside.txt': '' }, { key: 'ada' });
  await repository.git('checkout', '--quiet', 'main');
  await repository.merge('side', { key: 'netops' });
  await refuse('sign no merge');
});

test('on a new host, a key with scopes vouches for what it may change, and the last full key for the rest', async () => {
  const scopes = [{ principal: 'netops@example.org', paths: ['lists/*'] }];
  const world = await SignedWorld.create({ scopes });
  const { repository } = world;
  await repository.commit('begin', STATE, { key: 'ada' });
  const tip = await repository.commit(
    'block one',
    { 'state/lists/bad.txt': '192.0.2.1\n' },
    { key: 'netops' },
  );
  expect((await world.adopt()).revision.commit).toBe(tip);

  const fooled = await SignedWorld.create({ scopes });
  await fooled.repository.commit('begin', STATE, { key: 'ada' });
  await fooled.repository.commit('take over', { 'state/hosts/lab.yaml': 'mine' }, { key: 'netops' });
  await fooled.repository.commit('cover up', { 'state/lists/bad.txt': '192.0.2.1\n' }, { key: 'netops' });
  expect((await fooled.refusal()).message).toContain('may not change state/hosts/lab.yaml');

  const alone = await SignedWorld.create({ scopes });
  await alone.repository.commit('begin', STATE, { key: 'netops' });
  expect((await alone.refusal()).message).toContain('netops@example.org may change only some files');
});

test('a scope for nobody is refused: who was meant would have none', async () => {
  const world = await SignedWorld.create({ scopes: [{ principal: 'netop@example.org', paths: [] }] });
  await world.repository.commit('begin', STATE, { key: 'ada' });
  expect(await world.refusal()).toMatchObject({
    exitCode: 78,
    message: expect.stringContaining('`scopes` name netop@example.org, who is nobody in') as string,
  });
});

test.each<[glob: string, matches: string[], others: string[]]>([
  ['lists/**', ['lists/a.txt', 'lists/a/b.txt'], ['lists', 'hosts/a.yaml', 'my/lists/a.txt']],
  ['lists/*', ['lists/a.txt'], ['lists/a/b.txt']],
  ['**/*.txt', ['a.txt', 'lists/a.txt', 'lists/a/b.txt'], ['a.txt.yaml', 'a.yaml']],
  ['lists/bad-?.txt', ['lists/bad-1.txt'], ['lists/bad-12.txt', 'lists/bad-/.txt']],
  ['hosts/a.yaml', ['hosts/a.yaml'], ['hosts/a-yaml', 'hosts/a.yaml2']],
])('%s', (glob, matches, others) => {
  const pattern = compilePath(glob);
  expect([...matches, ...others].filter((file) => pattern.test(file))).toEqual(matches);
});
