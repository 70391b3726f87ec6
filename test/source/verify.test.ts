// Which commits are taken and which are refused: real repositories, real keys, real signatures.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { GitSource, Verification } from '../../src/model/config.js';
import { acquire, type Candidate } from '../../src/source/acquire.js';
import type { Adoption } from '../../src/source/adoption.js';
import { rejected } from '../lab/caught.js';
import { scratch } from '../desired/state-dir.js';
import { Repository } from '../support/repository.js';

const STATE = { 'state/hosts/lab.yaml': 'one', 'state/lists/bad.txt': '' };
const LONG_AGO = '2020-01-01T00:00:00Z';

class World {
  /** As the host remembers it. */
  adopted: Adoption | undefined;

  private constructor(
    readonly repository: Repository,
    readonly verification: Verification,
    private readonly folder: string,
  ) {}

  /** The keys: ada and netops may sign; old could, revoked might, stranger never did. */
  static async create(change: Partial<Verification> = {}): Promise<World> {
    const parent = scratch();
    const repository = await Repository.create(parent);
    for (const key of ['ada', 'netops', 'old', 'revoked', 'stranger', 'elsewhere'])
      await repository.makeKey(key);
    const allowedSigners = repository.allow(
      ['ada@example.org', 'ada', 'namespaces="git,xdpkeep-rewind"'],
      ['netops@example.org', 'netops'],
      ['old@example.org', 'old', 'valid-before="20250101Z"'],
      ['revoked@example.org', 'revoked'],
      ['elsewhere@example.org', 'elsewhere', 'namespaces="file"'],
    );
    const revoked = repository.revoke('revoked');
    const folder = join(parent, 'data');
    mkdirSync(folder);
    return new World(repository, { allowedSigners, revoked, scopes: [], ...change }, folder);
  }

  source(): GitSource {
    return { git: this.repository.folder, ref: 'main', path: 'state' };
  }

  acquire(): Promise<Candidate | undefined> {
    return this.acquireWith(this.verification);
  }

  acquireWith(verification: Verification | undefined): Promise<Candidate | undefined> {
    const ended = new AbortController().signal;
    const where = { source: this.source(), verification, folder: this.folder, ended };
    return acquire(where, this.adopted);
  }

  /** Acquires, which must succeed, and remembers it. */
  async adopt(): Promise<Adoption> {
    const candidate = await this.acquire();
    if (!candidate) throw new Error('there was nothing to adopt');
    this.adopted = candidate.adoption;
    return candidate.adoption;
  }

  /** A first commit that is signed and adopted. */
  async begin(): Promise<string> {
    const commit = await this.repository.commit('begin', STATE, { key: 'ada' });
    await this.adopt();
    return commit;
  }

  async refusal(): Promise<{ exitCode: number; message: string }> {
    const { exitCode, message } = (await rejected(this.acquire())) as { exitCode: number; message: string };
    return { exitCode, message };
  }
}

test('signed commits are taken, with who signed them', async () => {
  const world = await World.create();
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
    const world = await World.create();
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
  const world = await World.create();
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
    const world = await World.create();
    await world.begin();
    await world.repository.commit('harmless', { 'state/hosts/lab.yaml': 'two' }, { key: 'ada' });
    await world.repository.raw(change);
    expect(await world.refusal()).toMatchObject({
      exitCode: 77,
      message: expect.stringContaining(message) as string,
    });
  }
});

test('a merge brings in what its other side has: an unsigned commit there is refused', async () => {
  const world = await World.create();
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
  const world = await World.create();
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

test('rewritten history is refused, also to an older commit, until a signed file allows that one step', async () => {
  const world = await World.create();
  const { repository, verification } = world;
  const first = await world.begin();
  const second = await repository.commit('two', { 'state/hosts/lab.yaml': 'two' }, { key: 'ada' });
  await world.adopt();
  await repository.git('reset', '--quiet', '--hard', first);
  expect((await world.refusal()).message).toContain(`does not descend from ${second}, which was applied`);
  const other = await repository.commit('another two', { 'state/hosts/lab.yaml': '2' }, { key: 'ada' });
  expect(await world.refusal()).toMatchObject({
    exitCode: 77,
    message: expect.stringContaining(
      `commit ${other.slice(0, 12)} "another two" does not descend from ${second}`,
    ) as string,
  });

  const file = join(repository.keys, 'allow-rewind');
  verification.allowRewind = file;
  expect((await world.refusal()).message).toContain('history was rewritten');
  const refusals: [text: string, sign: () => Promise<void> | undefined, message: string][] = [
    [`rewind ${second} ${other}`, () => undefined, `${file} is not signed`],
    [
      `rewind ${second} ${other}`,
      () => repository.sign(file, 'stranger', 'xdpkeep-rewind'),
      'which is not known',
    ],
    [
      `rewind ${second} ${other}`,
      () => repository.sign(file, 'revoked', 'xdpkeep-rewind'),
      'which is revoked',
    ],
    [`rewind ${second} ${other}`, () => repository.sign(file, 'ada', 'git'), 'does not fit its content'],
    [`rewind ${first} ${other}`, () => repository.sign(file, 'ada', 'xdpkeep-rewind'), 'does not allow it'],
    [
      `rewind ${second} ${'0'.repeat(40)}`,
      () => repository.sign(file, 'ada', 'xdpkeep-rewind'),
      'does not allow it',
    ],
  ];
  for (const [text, sign, message] of refusals) {
    writeFileSync(file, `${text}\n`);
    await sign();
    expect(await world.refusal()).toMatchObject({
      exitCode: 77,
      message: expect.stringContaining(message) as string,
    });
  }
  writeFileSync(file, `# agreed on 2026-11-20\nrewind ${second} ${other}\n`);
  expect((await world.refusal()).message).toContain('does not fit its content');
  await repository.sign(file, 'ada', 'xdpkeep-rewind');
  // What came after it is signed as ever.
  const later = await repository.commit('three', {}, { key: 'netops' });
  expect((await world.adopt()).revision.commit).toBe(later);
  await repository.git('reset', '--quiet', '--hard', first);
  expect((await world.refusal()).message).toContain('does not allow it');
});

test('a rewind does not excuse an unsigned commit', async () => {
  const world = await World.create();
  const { repository, verification } = world;
  const first = await world.begin();
  await repository.git('checkout', '--quiet', '--orphan', 'other');
  const other = await repository.commit('from nowhere', { 'state/hosts/lab.yaml': 'x' });
  await repository.git('branch', '--force', 'main', other);
  const file = join(repository.keys, 'allow-rewind');
  writeFileSync(file, `rewind ${first} ${other}\n`);
  await repository.sign(file, 'ada', 'xdpkeep-rewind');
  verification.allowRewind = file;
  expect(await world.refusal()).toMatchObject({
    exitCode: 77,
    message: expect.stringContaining('"from nowhere" by Ada <ada@example.org> is not signed') as string,
  });
});

test('a key with scopes changes what they name, and nothing else', async () => {
  const world = await World.create({ scopes: [{ principal: 'netops@example.org', paths: ['lists/**'] }] });
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
  const world = await World.create({ scopes });
  const { repository } = world;
  await repository.commit('begin', STATE, { key: 'ada' });
  const tip = await repository.commit(
    'block one',
    { 'state/lists/bad.txt': '192.0.2.1\n' },
    { key: 'netops' },
  );
  expect((await world.adopt()).revision.commit).toBe(tip);

  const fooled = await World.create({ scopes });
  await fooled.repository.commit('begin', STATE, { key: 'ada' });
  await fooled.repository.commit('take over', { 'state/hosts/lab.yaml': 'mine' }, { key: 'netops' });
  await fooled.repository.commit('cover up', { 'state/lists/bad.txt': '192.0.2.1\n' }, { key: 'netops' });
  expect((await fooled.refusal()).message).toContain('may not change state/hosts/lab.yaml');

  const alone = await World.create({ scopes });
  await alone.repository.commit('begin', STATE, { key: 'netops' });
  expect((await alone.refusal()).message).toContain('netops@example.org may change only some files');
});

test('without verification, whatever the branch has is taken', async () => {
  const world = await World.create();
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
    const world = await World.create({ [field]: '/nowhere/keys' });
    await world.repository.commit('begin', STATE, { key: 'ada' });
    expect(await world.refusal()).toMatchObject({
      exitCode: 78,
      message: expect.stringContaining('cannot read /nowhere/keys') as string,
    });
  },
);
