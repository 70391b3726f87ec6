// From a commit to the kernel: what is signed is applied, what is not leaves everything as it was, and drift is healed
// whatever happens to the repository.
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { History } from '../../src/model/history.js';
import { createLab } from '../lab.js';
import { document, hostFile, ICMP_DROP } from '../support/host.js';
import { OWN_FILES, Site } from '../support/site.js';

it('a signed commit is applied, and its revision is told wherever one looks', async () => {
  await using lab = await createLab();
  const site = await Site.create(lab);
  const commit = await site.repository.head();
  const signer = { principal: 'ada@example.org', key: await site.repository.fingerprint('ada') };
  const revision = { commit, subject: 'drop pings', author: 'Ada <ada@example.org>', signer };

  expect(await site.sync()).toMatchObject({
    changed: true,
    generation: 1,
    interfaces: [{ condition: 'Ready' }],
    source: { git: site.repository.folder, ref: 'main', path: 'state', revision, condition: 'Current' },
  });
  expect(await lab.ping(2)).toMatchObject({ received: 0 });
  expect(await site.sync()).toMatchObject({ changed: false, generation: 1, source: { revision } });

  expect(await site.status()).toMatchObject({ revision, interfaces: [{ condition: 'Ready' }], warnings: [] });
  const { generations } = document<History>(await site.run('history', '--output', 'json'), 0);
  expect(generations).toMatchObject([{ number: 1, origin: 'reconcile', source: revision }]);
  const words = `commit ${commit.slice(0, 12)} "drop pings"`;
  for (const command of ['status', 'history', 'sync']) {
    expect((await site.run(command)).stdout).toContain(`${words}, signed by ada@example.org`);
  }
  const journal = (await site.run('journal', 'show')).stdout;
  expect(journal.match(/source/g)).toHaveLength(1);
  expect(journal).toContain(`${words} by Ada <ada@example.org>, signed by ada@example.org (${signer.key})`);
  expect((await site.run('journal', 'verify')).exitCode).toBe(0);

  // The next commit, and from the copy of it: a pass that needs no repository.
  const next = await site.repository.commit('count more', OWN_FILES, { key: 'ada' });
  expect(await site.sync()).toMatchObject({
    changed: true,
    generation: 2,
    source: { revision: { commit: next } },
  });
  await site.drift();
  renameSync(site.repository.folder, `${site.repository.folder}.away`);
  expect(document(await site.run('reconcile', '--output', 'json'), 0)).toMatchObject({
    changed: true,
    generation: 2,
  });
  const back = document(await site.run('rollback', '--output', 'json'), 0);
  expect(back).toMatchObject({ generation: 3, hold: { generation: 1 } });
  const told = document<History>(await site.run('history', '--output', 'json'), 0).generations;
  expect(told.map(({ source }) => source?.commit)).toEqual([commit, next, commit]);
});

it('a commit that is not signed: exit 77, what runs keeps running, and drift is healed', async () => {
  await using lab = await createLab();
  const site = await Site.create(lab);
  const good = await site.repository.head();
  await site.repository.git('branch', 'good');
  const bad = await site.repository.commit('open everything', { 'state/hosts/lab.yaml': hostFile({}) });

  const first = await site.run('sync', '--output', 'json');
  expect(document(first, 77)).toMatchObject({ kind: 'Error', name: 'SignatureError' });
  expect((await lab.netShow()).xdp).toEqual([]);

  await site.repository.git('reset', '--quiet', '--hard', 'good');
  await site.sync();
  await site.repository.git('reset', '--quiet', '--hard', bad);
  await site.drift();
  const refused = await site.run('sync', '--output', 'json');
  expect(refused.stderr).toContain(
    `error: commit ${bad.slice(0, 12)} "open everything" by Ada <ada@example.org> is not signed`,
  );
  expect(document(refused, 77)).toMatchObject({
    changed: true,
    interfaces: [{ condition: 'Ready' }],
    source: {
      condition: 'SourceRefused',
      revision: { commit: good },
      reason: expect.stringContaining('is not signed') as string,
    },
  });
  expect((await lab.netShow()).xdp).toMatchObject([{ devname: 'veth0' }]);
  expect((await site.run('sync')).stdout).toContain('warning: SourceRefused: commit');
  const told = { type: 'SourceVerified', status: 'False', reason: 'SourceRefused' };
  const [condition] = (await site.status()).conditions.filter(({ type }) => type === told.type);
  expect(condition).toMatchObject({ ...told, message: expect.stringContaining('is not signed') as string });
  await site.run('sync');
  expect((await site.status()).conditions).toContainEqual(condition);
  expect(await site.sync(77, '--dry-run')).toMatchObject({ changed: false });

  await site.repository.git('reset', '--quiet', '--hard', 'good');
  await site.sync();
  expect((await site.status()).conditions).toContainEqual(
    expect.objectContaining({ type: 'SourceVerified', reason: 'SignatureGood' }),
  );
});

it('a commit that this host cannot use: exit 65 with the place in the repository, and the last good one stays', async () => {
  await using lab = await createLab();
  const site = await Site.create(lab);
  await site.sync();
  const good = await site.repository.head();
  const broken = hostFile({ veth0: `mode: sideways, program: ${ICMP_DROP}` });
  await site.repository.commit('sideways', { 'state/hosts/lab.yaml': broken }, { key: 'ada' });
  await site.drift();
  const refused = await site.run('sync');
  expect(refused).toMatchObject({ exitCode: 65 });
  expect(refused.stderr).toContain(' --> state/hosts/lab.yaml:5:19');
  expect((await site.status()).interfaces).toMatchObject([{ condition: 'Ready' }]);

  await site.repository.git('mv', 'state/hosts/lab.yaml', 'state/hosts/other.yaml');
  await site.repository.commit('gone', {}, { key: 'ada' });
  expect(await site.sync(66)).toMatchObject({
    source: { condition: 'SourceRefused', revision: { commit: good } },
  });

  // What was refused is no step on the way that would have to be taken again.
  await site.repository.git('mv', 'state/hosts/other.yaml', 'state/hosts/lab.yaml');
  const fixed = await site.repository.commit('fixed', OWN_FILES, { key: 'ada' });
  expect(await site.sync()).toMatchObject({ changed: true, source: { revision: { commit: fixed } } });
});

it('a repository that is gone: exit 69 at first; later the last good commit stays and drift is healed', async () => {
  await using lab = await createLab();
  const site = await Site.create(lab);
  const { folder } = site.repository;
  const away = `${folder}.away`;
  renameSync(folder, away);
  expect(document(await site.run('sync', '--output', 'json'), 69)).toMatchObject({
    name: 'UnreachableError',
  });
  renameSync(away, folder);
  await site.sync();
  const commit = await site.repository.head();

  renameSync(folder, away);
  await site.drift();
  const stale = await site.sync();
  expect(stale).toMatchObject({
    changed: true,
    interfaces: [{ condition: 'Ready' }],
    source: {
      condition: 'SourceStale',
      revision: { commit },
      reason: expect.stringContaining('cannot be reached') as string,
    },
  });
  expect(Date.parse(stale.source?.heard ?? '')).toBeLessThan(Date.now());
  expect((await site.run('sync')).stdout).toMatch(/warning: SourceStale: .* \(\d+ min ago\)/);

  // Whatever else is lost meanwhile: the mirror is not needed while the copy is whole.
  rmSync(join(lab.dataDir, 'source/mirror.git'), { recursive: true });
  await site.drift();
  expect(await site.sync()).toMatchObject({ changed: true, source: { condition: 'SourceStale' } });
  writeFileSync(join(lab.dataDir, 'source/tree/state/hosts/lab.yaml'), hostFile({}));
  expect(document(await site.run('sync', '--output', 'json'), 69)).toMatchObject({
    message: expect.stringContaining(`the copy of commit ${commit} is damaged`) as string,
  });
  expect((await lab.netShow()).xdp).toMatchObject([{ devname: 'veth0' }]);
  renameSync(away, folder);
  expect(await site.sync()).toMatchObject({ changed: false, source: { condition: 'Current' } });

  // A branch that is not there is no empty state either.
  await site.repository.git('branch', '--move', 'main', 'trunk');
  expect(await site.sync()).toMatchObject({
    changed: false,
    source: { condition: 'SourceStale', reason: expect.stringContaining('has no refs/heads/main') as string },
  });
});

it('a dry run shows what the newest commit would change, and leaves no trace', async () => {
  await using lab = await createLab();
  const site = await Site.create(lab);
  expect(await site.sync(2, '--dry-run', '--detailed-exitcode')).toMatchObject({
    dryRun: true,
    steps: [{ action: 'attach', outcome: 'planned' }],
  });
  expect(readdirSync(lab.directory)).not.toContain('data');
  await site.sync();
  const before = readFileSync(join(lab.dataDir, 'source/adopted.json'), 'utf8');
  await site.repository.commit('count more', OWN_FILES, { key: 'ada' });
  expect(await site.sync(0, '--dry-run')).toMatchObject({
    steps: [{ action: 'update', outcome: 'planned' }],
  });
  expect(readFileSync(join(lab.dataDir, 'source/adopted.json'), 'utf8')).toBe(before);
  expect(await site.status()).toMatchObject({ generation: 1, interfaces: [{ condition: 'Ready' }] });
});

it('many passes that have nothing to do leave nothing behind', async () => {
  await using lab = await createLab();
  const site = await Site.create(lab);
  await site.sync();
  const files = () => readdirSync(lab.dataDir, { recursive: true, encoding: 'utf8' }).sort();
  await site.sync();
  const before = files();
  const size = readFileSync(join(lab.dataDir, 'journal.ndjson')).length;
  for (let pass = 0; pass < 5; pass++) expect(await site.sync()).toMatchObject({ changed: false });
  expect(files()).toEqual(before);
  expect(readFileSync(join(lab.dataDir, 'journal.ndjson'))).toHaveLength(size);
});

it('the record of what was adopted is damaged: exit 74, for without it nobody knows what must be descended from', async () => {
  await using lab = await createLab();
  const site = await Site.create(lab);
  await site.sync();
  writeFileSync(join(lab.dataDir, 'source/adopted.json'), '{}');
  expect(document(await site.run('sync', '--output', 'json'), 74)).toMatchObject({ name: 'JournalError' });
  expect((await site.status()).warnings.join()).toContain('adopted.json is damaged');
});

it('without a source in the config file there is nothing to sync from', async () => {
  await using lab = await createLab();
  expect(await lab.run(['sync'])).toMatchObject({ exitCode: 64 });
  const config = join(lab.directory, 'config.yaml');
  writeFileSync(config, 'host: lab\n');
  const { exitCode, stderr } = await lab.run(['sync', '--config', config]);
  expect([exitCode, stderr]).toEqual([64, expect.stringContaining('the config file has no `source`')]);
});
