// Tags and vouches as a host meets them: what waits for its tag is told, and both come through a fetch without rights.
// needs: git
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { Halves } from '../support/halves.js';
import { OWN_FILES } from '../support/site.js';

function change(lab: Lab, from: string, to: string): void {
  const config = join(lab.directory, 'config.yaml');
  writeFileSync(config, readFileSync(config, 'utf8').replace(from, to));
}

it('what waits for its tag is no refusal, and status says that it waits', async () => {
  await using lab = await createLab();
  const halves = await Halves.create(lab);
  const { site } = halves;
  change(lab, 'verify: {', "verify: {requireTag: 'v*', ");
  const first = await site.repository.head();
  expect((await site.run('sync')).exitCode).toBe(77);
  await site.repository.tag('v1', first, 'ada');
  expect(await site.sync()).toMatchObject({ source: { revision: { commit: first }, condition: 'Current' } });

  const second = await site.repository.commit('own', OWN_FILES, { key: 'ada' });
  const waiting = `commit ${second.slice(0, 12)} waits for a signed tag v*`;
  expect(await site.sync()).toMatchObject({
    source: { revision: { commit: first }, condition: 'Current', waiting },
  });
  const verified = async () => (await site.status()).conditions.find(({ type }) => type === 'SourceVerified');
  expect(await verified()).toMatchObject({
    status: 'True',
    reason: 'WaitsForTag',
    message: expect.stringContaining(waiting) as string,
  });
  expect((await halves.fetch()).exitCode).toBe(0);
  expect(await halves.sync()).toMatchObject({ source: { revision: { commit: first }, waiting } });

  // The tag alone is new.
  await site.repository.tag('v2', second, 'ada');
  expect((await halves.fetch()).exitCode).toBe(0);
  const { source } = await halves.sync();
  expect(source).toMatchObject({ revision: { commit: second } });
  expect(source).not.toHaveProperty('waiting');
  expect(await verified()).toMatchObject({ reason: 'SignatureGood' });
});

it('a host that was behind when a key went follows what the repository vouches for', async () => {
  await using lab = await createLab();
  const halves = await Halves.create(lab);
  const { repository } = halves.site;
  await repository.makeKey('bob');
  const both: [string, string][] = [
    ['ada@example.org', 'ada'],
    ['bob@example.org', 'bob'],
  ];
  repository.allow(...both);
  expect((await halves.fetch()).exitCode).toBe(0);
  await halves.sync();

  const second = await repository.commit('own', OWN_FILES, { key: 'bob' });
  repository.allow(['ada@example.org', 'ada']);
  await repository.commit('three', {}, { key: 'ada' });
  expect((await halves.fetch()).exitCode).toBe(0);
  expect(await halves.sync(77)).toMatchObject({ source: { condition: 'SourceRefused' } });
  const file = join(repository.folder, '.xdpkeep/vouch');
  repository.write({ '.xdpkeep/vouch': `vouch ${second}\n` });
  await repository.sign(file, 'ada', 'xdpkeep-vouch');
  const tip = await repository.commit('vouch', {}, { key: 'ada' });
  expect((await halves.fetch()).exitCode).toBe(0);
  expect(await halves.sync()).toMatchObject({
    source: { revision: { commit: tip }, condition: 'Current' },
    changed: true,
  });
});
