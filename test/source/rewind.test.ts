// Rewritten history, and the signed file that lets one rewrite in.
// needs: git
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SignedWorld } from '../support/signed-world.js';

test('rewritten history is refused, also to an older commit, until a signed file allows that one step', async () => {
  const world = await SignedWorld.create();
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
  const world = await SignedWorld.create();
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
