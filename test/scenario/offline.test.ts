// A sync in two halves: `fetch`, as a user with a network and no rights, and `sync --offline`, which asks what was fetched.
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab } from '../lab.js';
import { finish } from '../lab/exec.js';
import { document, hostFile, ICMP_DROP, reconcile } from '../support/host.js';
import { Halves } from '../support/halves.js';
import { OWN_FILES } from '../support/site.js';

it('what was fetched is verified and applied, and told as if the remote had been asked', async () => {
  await using lab = await createLab();
  const halves = await Halves.create(lab);
  const { repository } = halves.site;
  const commit = await repository.head();
  expect(await halves.fetch()).toMatchObject({
    exitCode: 0,
    stdout: `${repository.folder} main is at ${commit}`,
  });
  const about = { git: repository.folder, condition: 'Current', revision: { commit } };
  expect(await halves.sync()).toMatchObject({ changed: true, source: about });

  // Nothing new until it is fetched.
  const next = await repository.commit('count more', OWN_FILES, { key: 'ada' });
  expect(await halves.sync()).toMatchObject({ changed: false, source: about });
  expect(await halves.fetch()).toMatchObject({ exitCode: 0 });
  expect(await halves.sync()).toMatchObject({
    changed: true,
    source: { ...about, revision: { commit: next } },
  });

  // Who fetches cannot make what nobody signed.
  const bad = await repository.commit('open everything', { 'state/hosts/lab.yaml': hostFile({}) });
  expect(await halves.fetch()).toMatchObject({ exitCode: 0 });
  await halves.site.drift();
  expect(await halves.sync(77)).toMatchObject({
    changed: true,
    interfaces: [{ condition: 'Ready' }],
    source: { condition: 'SourceRefused', revision: { commit: next } },
  });
  expect(bad).not.toBe(next);
});

it('a remote that does not answer: what was fetched stays, and how old it is is said', async () => {
  await using lab = await createLab();
  const halves = await Halves.create(lab);
  const { folder } = halves.site.repository;
  const never = await halves.site.run('sync', '--offline', halves.folder);
  expect(never).toMatchObject({ exitCode: 69 });
  expect(never.stderr).toContain(`nothing was fetched to ${halves.folder}`);

  await halves.fetch();
  const { source } = await halves.sync();
  renameSync(folder, `${folder}.away`);
  expect(await halves.fetch()).toMatchObject({ exitCode: 69 });
  await halves.site.drift();
  const stale = { condition: 'SourceStale', heard: source?.heard, revision: source?.revision };
  expect(await halves.sync()).toMatchObject({ changed: true, source: stale });

  // The next fetch makes what was lost.
  renameSync(`${folder}.away`, folder);
  rmSync(join(halves.folder, 'repository.git/objects'), { recursive: true });
  expect(await halves.fetch()).toMatchObject({ exitCode: 0 });
  expect(await halves.sync()).toMatchObject({ changed: false, source: { condition: 'Current' } });
});

it('what a fetched repository says of itself runs nothing', async () => {
  await using lab = await createLab();
  const halves = await Halves.create(lab);
  await halves.fetch();
  const repository = join(halves.folder, 'repository.git');
  const mark = join(lab.directory, 'mark');
  const hook = `#!/bin/sh\ntouch ${mark}\n`;
  for (const name of ['post-checkout', 'reference-transaction', 'post-update', 'pre-receive']) {
    mkdirSync(join(repository, 'hooks'), { recursive: true });
    writeFileSync(join(repository, 'hooks', name), hook, { mode: 0o755 });
  }
  const program = join(repository, 'program');
  writeFileSync(program, hook, { mode: 0o755 });
  await finish('git', ['-C', repository, 'config', 'uploadpack.packObjectsHook', program]);
  await finish('git', ['-C', repository, 'config', 'core.fsmonitor', program]);
  expect(await halves.sync()).toMatchObject({ changed: true });
  expect(readdirSync(lab.directory)).not.toContain('mark');
  expect(statSync(join(halves.folder, 'answer.json')).mode & 0o777).toBe(0o644);
});

it('without a source in the config file fetch does nothing, and sync --offline is a reconcile', async () => {
  await using lab = await createLab();
  lab.writeState({ 'hosts/lab.yaml': hostFile({ veth0: `program: ${ICMP_DROP}` }) });
  const fetched = await lab.run(['fetch', '--into', join(lab.directory, 'fetched')]);
  expect(fetched).toMatchObject({
    exitCode: 0,
    stdout: 'the config file names no source: nothing to fetch',
  });
  expect(document(await lab.run(['sync', '--offline', '--output', 'json']), 0)).toMatchObject({
    generation: 1,
  });
  expect(await reconcile(lab)).toMatchObject({ changed: false });
});
