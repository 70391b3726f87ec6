// Which commits are taken and which are refused: real repositories, real keys, real signatures.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rejected } from '../lab/caught.js';
import { SignedWorld, STATE } from '../support/signed-world.js';

const LONG_AGO = '2020-01-01T00:00:00Z';

test('signed commits are taken, with who signed them', async () => {
  const world = await SignedWorld.create();
  const first = await world.repository.commit('begin', STATE, { key: 'ada' });
  expect(await world.adopt()).toMatchObject({
    revision: {
      commit: first,
      subject: 'begin',
      author: 'Ada <ada@example.org>',
      signer: { principal: 'ada@example.org', key: await world.repository.fingerprint('ada') },
    },
    files: { 'state/hosts/lab.yaml': expect.stringMatching(/^[0-9a-f]{40}$/) as string },
    leftOut: [],
  });
  expect(await world.acquire()).toBeUndefined();
  await world.repository.commit('two', { 'state/hosts/lab.yaml': 'two' }, { key: 'netops' });
  const third = await world.repository.commit('three', { 'state/hosts/lab.yaml': 'three' }, { key: 'ada' });
  expect((await world.adopt()).revision).toMatchObject({
    commit: third,
    signer: { principal: 'ada@example.org' },
  });
});

test.each<[name: string, key: string | undefined, message: string]>([
  ['unsigned', undefined, 'is not signed'],
  ['by a key that nobody knows', 'stranger', 'which is not known'],
  ['by a key that has expired', 'old', 'which may not sign now: key has expired'],
  ['by a revoked key', 'revoked', '(revoked@example.org), which is revoked'],
  ['by a key for other things', 'elsewhere', 'which may not sign this'],
])('a commit %s is refused, first or later, tip or below', async (_name, key, message) => {
  for (const where of ['first', 'tip', 'below'] as const) {
    const world = await SignedWorld.create();
    if (where !== 'first') await world.begin();
    // An expired key was valid at the date that it writes, and that counts for nothing.
    const author = key === undefined ? {} : { key, date: LONG_AGO };
    const bad = await world.repository.commit('open everything', { 'state/hosts/lab.yaml': where }, author);
    if (where === 'below') await world.repository.commit('innocent', {}, { key: 'ada' });
    const refusal = await world.refusal();
    expect(refusal).toMatchObject({ exitCode: 77, message: expect.stringContaining(message) as string });
    expect(refusal.message).toContain(
      `commit ${bad.slice(0, 12)} "open everything" by Ada <ada@example.org>`,
    );
    if (key !== undefined) expect(refusal.message).toContain(await world.repository.fingerprint(key));
  }
});

test('a key that is revoked later: what it signed before it was, and was not adopted, is refused', async () => {
  const world = await SignedWorld.create();
  await world.begin();
  await world.repository.commit('two', {}, { key: 'netops' });
  world.repository.revoke('revoked', 'netops');
  expect((await world.refusal()).message).toContain('(netops@example.org), which is revoked');
});

test('a commit that was changed after it was signed, or whose signature was taken off or moved, is refused', async () => {
  const changes: [change: (commit: string) => string, message: string][] = [
    [(text) => text.replace('harmless', 'harmful '), 'does not fit its content'],
    [(text) => text.replace(/^author Ada/m, 'author Eve'), 'does not fit its content'],
    [(text) => text.replace(/^gpgsig (.*\n .*)+\n/m, ''), 'is not signed'],
    [(text) => text.replace(/^gpgsig /m, 'gpgsig-sha256 '), 'has several signatures'],
    [(text) => text.replace(/^(gpgsig (?:.*\n .*)+\n)/m, '$1$1'), 'has several signatures'],
    [(text) => text.replaceAll('SSH SIGNATURE', 'PGP SIGNATURE'), 'signed with OpenPGP'],
    [(text) => text.replaceAll('SSH SIGNATURE', 'SIGNED MESSAGE'), 'signed with something else'],
  ];
  for (const [change, message] of changes) {
    const world = await SignedWorld.create();
    await world.begin();
    await world.repository.commit('harmless', { 'state/hosts/lab.yaml': 'two' }, { key: 'ada' });
    await world.repository.raw(change);
    expect(await world.refusal()).toMatchObject({
      exitCode: 77,
      message: expect.stringContaining(message) as string,
    });
  }
});

test.each([
  ['signs with OpenPGP', (text: string) => text.replaceAll('SSH SIGNATURE', 'PGP SIGNATURE'), false],
  ['does not sign', (text: string) => text.replace(/^gpgsig (.*\n .*)+\n/m, ''), false],
  [
    'of somebody who signs with OpenPGP',
    (text: string) => text.replaceAll('SSH SIGNATURE', 'PGP SIGNATURE'),
    true,
  ],
])(
  'the refusal names the merge button of GitHub, and what to do: one that %s',
  async (_what, change, own) => {
    const world = await SignedWorld.create();
    await world.begin();
    await world.repository.commit('merged', { 'state/hosts/lab.yaml': 'two' }, { key: 'ada' });
    const committer = (text: string) =>
      text.replace(/^committer .*>/m, 'committer GitHub <noreply@github.com>');
    await world.repository.raw((text) => change(own ? text : committer(text)));
    const { hint } = await world.refusal();
    expect(hint).toMatch(
      /GitHub's merge buttons sign with OpenPGP, or not at all: fast-forward .* bot with an SSH key/,
    );
    expect(hint?.includes('git commit --amend -S')).toBe(own);
  },
);

test('a merge brings in what its other side has: an unsigned commit there is refused', async () => {
  const world = await SignedWorld.create();
  const { repository } = world;
  await repository.commit('before all', { 'state/hosts/lab.yaml': 'zero' });
  await repository.git('branch', 'side');
  await repository.git('branch', 'good');
  await world.begin();
  await repository.git('checkout', '--quiet', 'good');
  await repository.commit('signed aside', { 'state/lists/good.txt': '' }, { key: 'netops' });
  await repository.git('checkout', '--quiet', 'main');
  // What is older than the first adoption was there already, signed or not.
  const merged = await repository.merge('good', { key: 'ada' });
  expect((await world.adopt()).revision.commit).toBe(merged);

  await repository.git('checkout', '--quiet', 'side');
  const bad = await repository.commit('unsigned aside', { 'state/lists/aside.txt': '' });
  await repository.git('checkout', '--quiet', 'main');
  await repository.merge('side', { key: 'ada' });
  expect(await world.refusal()).toMatchObject({
    exitCode: 77,
    message: expect.stringContaining(`commit ${bad.slice(0, 12)} "unsigned aside"`) as string,
  });
});

test('a remote that hides what is below a merge gets nothing through', async () => {
  const world = await SignedWorld.create();
  const { repository } = world;
  await world.begin();
  await repository.git('checkout', '--quiet', '--orphan', 'side');
  await repository.commit('unsigned below', { 'state/lists/below.txt': '' });
  const cut = await repository.commit('signed above', {}, { key: 'ada' });
  await repository.git('checkout', '--quiet', 'main');
  await repository.merge('side', { key: 'ada' });
  writeFileSync(join(repository.folder, '.git/shallow'), `${cut}\n`);
  expect((await rejected(world.acquire())) as Error).toMatchObject({
    name: expect.stringMatching(/^(?:SignatureError|UnreachableError)$/) as string,
  });
});

test('without verification, whatever the branch has is taken', async () => {
  const world = await SignedWorld.create();
  const { repository } = world;
  const first = await repository.commit('begin', STATE);
  const candidate = await world.acquireWith(undefined);
  expect(candidate?.adoption.revision).toEqual(
    expect.not.objectContaining({ signer: expect.anything() as unknown }),
  );
  world.adopted = candidate?.adoption;
  await repository.commit('two');
  await repository.git('reset', '--quiet', '--hard', first);
  const other = await repository.commit('other two', { 'state/hosts/lab.yaml': '2' });
  expect((await world.acquireWith(undefined))?.adoption.revision.commit).toBe(other);
});

test.each(['allowedSigners', 'revoked'] as const)(
  'a file of keys that cannot be read (%s) refuses everything',
  async (field) => {
    const world = await SignedWorld.create({ [field]: '/nowhere/keys' });
    await world.repository.commit('begin', STATE, { key: 'ada' });
    expect(await world.refusal()).toMatchObject({
      exitCode: 78,
      message: expect.stringContaining('cannot read /nowhere/keys') as string,
    });
  },
);
