// A repository that has what git refuses, or more than it may: that is a refusal, whoever signed it and however it comes here.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab } from '../lab.js';
import { Halves } from '../support/halves.js';
import { OWN_FILES } from '../support/site.js';
import type { Repository } from '../support/repository.js';

/** An unsigned commit with a tree that git does not take; the branch is moved to it. */
async function pushUnfit(repository: Repository): Promise<void> {
  const head = await repository.head();
  const blob = await repository.git('rev-parse', 'HEAD:state/hosts/lab.yaml');
  const evil = await repository.pipe(`100644 blob ${blob}\t..\0`, 'mktree', '-z');
  const root = await repository.pipe(`040000 tree ${evil}\tstate\0`, 'mktree', '-z');
  const commit = await repository.git('commit-tree', '-p', head, '-m', 'evil', root);
  await repository.git('update-ref', 'refs/heads/main', commit);
}

const UNFIT = { type: 'SourceVerified', status: 'False', reason: 'SourceRefused' };

it('asked directly: exit 77, and status says so', async () => {
  await using lab = await createLab();
  const { site } = await Halves.create(lab);
  await site.sync();
  await pushUnfit(site.repository);
  await site.drift();
  expect(await site.sync(77)).toMatchObject({
    changed: true,
    source: {
      condition: 'SourceRefused',
      reason: expect.stringMatching(/^git refuses what the repository has: object /) as string,
    },
  });
  expect((await site.status()).conditions).toContainEqual(expect.objectContaining(UNFIT));
});

it('in two halves: fetch says 77, so does the pass, and what was fetched before it is still applied', async () => {
  await using lab = await createLab();
  const halves = await Halves.create(lab);
  const { site } = halves;
  await halves.fetch();
  await halves.sync();
  const commit = await site.repository.commit('count more', OWN_FILES, { key: 'ada' });
  await halves.fetch();
  await pushUnfit(site.repository);
  expect(await halves.fetch()).toMatchObject({ exitCode: 77 });
  expect(await halves.sync(77)).toMatchObject({
    changed: true,
    source: { condition: 'SourceRefused', revision: { commit } },
  });
  expect((await site.status()).conditions).toContainEqual(expect.objectContaining(UNFIT));
  await site.repository.git('update-ref', 'refs/heads/main', commit);
  expect(await halves.fetch()).toMatchObject({ exitCode: 0 });
  expect(await halves.sync()).toMatchObject({ changed: false, source: { condition: 'Current' } });
});

it('what a killed fetch left is removed by the next one', async () => {
  await using lab = await createLab();
  const halves = await Halves.create(lab);
  await halves.fetch();
  await halves.sync();
  for (const repository of [join(halves.folder, 'repository.git'), join(lab.dataDir, 'source/mirror.git')]) {
    writeFileSync(join(repository, 'objects/pack/tmp_pack_a1b2c3'), 'half');
    writeFileSync(join(repository, 'objects/pack/tmp_idx_a1b2c3'), 'half');
    writeFileSync(join(repository, 'shallow.lock'), '');
  }
  writeFileSync(join(halves.folder, 'repository.git/refs/heads/main.lock'), '', { mode: 0o666 });
  await halves.site.repository.commit('count more', OWN_FILES, { key: 'ada' });
  expect(await halves.fetch()).toMatchObject({ exitCode: 0 });
  expect(await halves.sync()).toMatchObject({ changed: true });
  for (const repository of [join(halves.folder, 'repository.git'), join(lab.dataDir, 'source/mirror.git')]) {
    const left = readdirSync(repository, { recursive: true, encoding: 'utf8' });
    expect(left.filter((one) => /tmp_|\.lock$/.test(one))).toEqual([]);
  }
});
