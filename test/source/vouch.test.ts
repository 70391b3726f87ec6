// Keys that were taken out: a signed file in the repository vouches for what they had signed, and for nothing else.
// needs: git
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SignedWorld } from '../support/signed-world.js';

const FILE = '.xdpkeep/vouch';

/** The file in the work tree, signed by a key or not; committed by `by`. */
async function vouch(
  { repository }: SignedWorld,
  commits: readonly string[],
  { sign, by = 'ada', namespace = 'xdpkeep-vouch' }: { sign?: string; by?: string; namespace?: string },
): Promise<string> {
  repository.write({ [FILE]: commits.map((commit) => `vouch ${commit}\n`).join('') });
  if (sign !== undefined) await repository.sign(join(repository.folder, FILE), sign, namespace);
  return repository.commit('vouch', {}, { key: by });
}

/** A host at the first commit; two more by a key that is taken out then. */
async function behind(): Promise<{ world: SignedWorld; strange: string; second: string; third: string }> {
  const world = await SignedWorld.create();
  const { repository } = world;
  await world.begin();
  const second = await repository.commit('two', { 'state/hosts/lab.yaml': 'two' }, { key: 'netops' });
  const third = await repository.commit('three', { 'state/hosts/lab.yaml': '3' }, { key: 'netops' });
  repository.revoke('revoked', 'netops');
  return { world, strange: '(netops@example.org), which is revoked', second, third };
}

test('a host that was behind follows, once somebody who may sign now vouches for what is between', async () => {
  const { world, strange, third } = await behind();
  await world.repository.commit('four', {}, { key: 'ada' });
  expect((await world.refusal()).message).toContain(strange);
  const tip = await vouch(world, [third], { sign: 'ada' });
  expect((await world.adopt()).revision).toMatchObject({
    commit: tip,
    signer: { principal: 'ada@example.org' },
  });
  // What comes after it is signed as ever.
  await world.repository.commit('five', {}, { key: 'netops' });
  expect((await world.refusal()).message).toContain(strange);
});

test('a host without history follows as well, and so does one that nobody is behind of', async () => {
  const { world, third } = await behind();
  await vouch(world, [third], { sign: 'ada' });
  await world.repository.commit('after', {}, { key: 'ada' });
  world.adopted = undefined;
  expect((await world.adopt()).revision.subject).toBe('after');
});

test('the file counts for nothing when it is signed by a key that is not known, revoked, old, for other things or for some files', async () => {
  const { world, strange, third } = await behind();
  const { repository, verification } = world;
  const start = await repository.head();
  const refused: [sign: string | undefined, message: string][] = [
    [undefined, `${FILE} of commit`],
    ['netops', 'which is revoked'],
    ['stranger', 'which is not known'],
    ['old', 'key has expired'],
    ['elsewhere', 'may not sign this'],
  ];
  for (const [sign, message] of refused) {
    await vouch(world, [third], sign === undefined ? {} : { sign });
    const refusal = await world.refusal();
    expect(refusal).toMatchObject({ exitCode: 77, message: expect.stringContaining(strange) as string });
    expect(refusal.message).toContain(message);
    await repository.git('reset', '--quiet', '--hard', start);
  }
  // A signature of a commit, or of a rewind, is none of this.
  await vouch(world, [third], { sign: 'ada', namespace: 'xdpkeep-rewind' });
  expect((await world.refusal()).message).toContain(strange);
  await repository.git('reset', '--quiet', '--hard', start);
  // Changed after it was signed.
  await vouch(world, ['0'.repeat(40)], { sign: 'ada' });
  const signature = readFileSync(join(repository.folder, `${FILE}.sig`), 'utf8');
  await repository.commit(
    'moved',
    { [FILE]: `vouch ${third}\n`, [`${FILE}.sig`]: signature },
    { key: 'ada' },
  );
  expect((await world.refusal()).message).toContain('does not fit its content');
  await repository.git('reset', '--quiet', '--hard', start);
  // By a key that may change only some files.
  await vouch(world, [third], { sign: 'ada' });
  verification.scopes = [{ principal: 'ada@example.org', paths: ['**'] }];
  expect((await world.refusal()).message).toContain('who may change only some files');
});

test('it vouches for the commits that it names and what they descend from, not for others', async () => {
  const { world, strange, second } = await behind();
  const { repository } = world;
  const start = await repository.head();
  await vouch(world, [second], { sign: 'ada' }); // not the third
  expect((await world.refusal()).message).toContain(`"three" by Ada`);
  await repository.git('reset', '--quiet', '--hard', start);
  // One that is on no branch.
  await repository.git('checkout', '--quiet', '-b', 'draft', second);
  const draft = await repository.commit('draft', { 'state/hosts/lab.yaml': 'draft' }, { key: 'stranger' });
  await repository.git('checkout', '--quiet', 'main');
  await vouch(world, [draft, 'f'.repeat(40)], { sign: 'ada' });
  expect((await world.refusal()).message).toContain(strange);
});

test('an old file cannot let in what a lost key signs later, nor take a host back', async () => {
  const { world, strange, third } = await behind();
  const { repository } = world;
  const vouched = await vouch(world, [third], { sign: 'ada' });
  await world.adopt();
  // Whoever has the old key builds on the same branch, the file and its good signature in the tree.
  await repository.commit('evil', { 'state/hosts/lab.yaml': 'evil' }, { key: 'netops' });
  expect((await world.refusal()).message).toContain(strange);
  await repository.commit('innocent', {}, { key: 'ada' });
  expect((await world.refusal()).message).toContain('"evil" by Ada');
  // And on a fork of what the file vouches for.
  await repository.git('reset', '--quiet', '--hard', third);
  await repository.git('checkout', vouched, '--', '.xdpkeep');
  await repository.commit('fork', { 'state/hosts/lab.yaml': 'evil' }, { key: 'ada' });
  expect((await world.refusal()).message).toContain('does not descend from');
  // Back to what was vouched for.
  for (const earlier of [third, `${third}~1`]) {
    await repository.git('reset', '--quiet', '--hard', earlier);
    expect((await world.refusal()).message).toContain('does not descend from');
  }
});
