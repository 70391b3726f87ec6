// `reconcile --watch` with a repository as the source: what asks the remote, and what does not.
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createLab } from '../lab.js';
import { OWN_FILES, Site } from '../support/site.js';

const within = { interval: 50 };

it('the start and SIGHUP adopt the newest commit; what happens here is healed without the remote', async () => {
  await using lab = await createLab();
  const site = await Site.create(lab);
  const daemon = site.start('reconcile', '--watch');
  let log = '';
  daemon.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const generation = async () => (await site.status()).generation;
  await expect.poll(async () => (await lab.netShow()).xdp, within).toHaveLength(1);

  await site.repository.commit('count more', OWN_FILES, { key: 'ada' });
  daemon.kill('SIGHUP');
  await expect.poll(generation, within).toBe(2);
  expect(await site.status()).toMatchObject({ revision: { subject: 'count more' } });

  await site.repository.commit('unsigned', { 'state/policies/x.yaml': 'nonsense' });
  daemon.kill('SIGHUP');
  await expect.poll(() => log, within).toContain('SourceRefused');

  renameSync(site.repository.folder, `${site.repository.folder}.away`);
  await lab.exec('ip', 'link', 'del', 'veth0');
  await lab.addPair(0);
  await expect.poll(async () => (await lab.netShow()).xdp, within).toHaveLength(1);
  expect(log).not.toContain('SourceStale');
  daemon.kill('SIGHUP');
  await expect.poll(() => log, within).toContain('SourceStale');
  expect(await generation()).toBe(2);
  daemon.kill('SIGTERM');
  expect(await daemon).toMatchObject({ exitCode: 0 });
});

it('with --offline it asks no remote: what is fetched is applied at once', async () => {
  await using lab = await createLab();
  const site = await Site.create(lab);
  const folder = join(lab.directory, 'fetched');
  const fetch = async (exitCode = 0) => {
    expect(await site.run('fetch', '--into', folder)).toMatchObject({ exitCode });
  };
  const daemon = site.start('reconcile', '--watch', '--offline', folder); // before anything was ever fetched
  let log = '';
  daemon.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  await expect.poll(() => log, within).toContain('nothing was fetched');
  await fetch();
  await expect.poll(async () => (await lab.netShow()).xdp, within).toHaveLength(1);

  await site.repository.commit('count more', OWN_FILES, { key: 'ada' });
  await sleep(1000);
  expect((await site.status()).generation).toBe(1);
  await fetch();
  await expect.poll(async () => (await site.status()).generation, within).toBe(2);

  renameSync(site.repository.folder, `${site.repository.folder}.away`);
  await fetch(69);
  await expect.poll(() => log, within).toContain('SourceStale');
  daemon.kill('SIGTERM');
  expect(await daemon).toMatchObject({ exitCode: 0 });
});

it('a schedule asks the remote at its times; a directory that is named is followed without it', async () => {
  await using lab = await createLab();
  const site = await Site.create(lab);
  const daemon = site.start('reconcile', '--schedule', '*/2 * * * * *');
  await expect.poll(async () => (await lab.netShow()).xdp, within).toHaveLength(1);
  await site.repository.commit('count more', OWN_FILES, { key: 'ada' });
  await expect.poll(async () => (await site.status()).generation, within).toBe(2);
  daemon.kill('SIGTERM');
  expect(await daemon).toMatchObject({ exitCode: 0 });

  const tree = `${lab.dataDir}/source/tree/state`;
  const follower = site.start('reconcile', '--watch', '--state', tree, '--output', 'json');
  let out = '';
  follower.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  await expect.poll(() => out, within).toContain('"Reconciliation"');
  renameSync(site.repository.folder, `${site.repository.folder}.away`);
  follower.kill('SIGHUP');
  await expect.poll(() => out.match(/"Reconciliation"/g)?.length, within).toBe(2);
  expect(out).not.toContain('"source"');
  follower.kill('SIGTERM');
  expect(await follower).toMatchObject({ exitCode: 0 });
});
