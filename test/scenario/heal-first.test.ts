// Drift is healed before the repository is asked, whatever it has and however long it takes to say it.
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab } from '../lab.js';
import { must } from '../lab/exec.js';
import { OWN_FILES, Site } from '../support/site.js';

it('a remote that says nothing: what drifted is back long before git is given up', async () => {
  await using lab = await createLab();
  const site = await Site.create(lab);
  await site.sync();
  await site.drift();
  await must('mkfifo', [join(site.repository.folder, '.git/packed-refs')]);
  const waiting = site.start('sync');
  await expect.poll(async () => (await lab.netShow()).xdp.length, { timeout: 9000 }).toBe(1);
  waiting.kill('SIGTERM');
  await waiting;
});

it(
  'an unsigned commit with a message of 40 MB: healed, refused by its size, and cheap',
  { timeout: 60_000 },
  async () => {
    await using lab = await createLab();
    const site = await Site.create(lab);
    await site.sync();
    const file = join(lab.directory, 'message');
    writeFileSync(file, 'x'.repeat(40_000_000));
    await site.repository.git('commit', '--quiet', '--allow-empty', '-F', file);
    await site.drift();
    const { source, ...result } = await site.sync(77);
    expect(result).toMatchObject({ changed: true, interfaces: [{ condition: 'Ready' }] });
    expect(source).toMatchObject({
      condition: 'SourceRefused',
      reason: expect.stringMatching(
        /^the repository has a commit \([0-9a-f]{40}\) of 400\d+ bytes/,
      ) as string,
    });
  },
);

it(
  'drift and a new commit: both are done, and told; a pass without work looks once',
  { timeout: 60_000 },
  async () => {
    await using lab = await createLab();
    const site = await Site.create(lab);
    await site.sync();
    await site.drift();
    await site.repository.commit('count more', OWN_FILES, { key: 'ada' });
    const { steps, changed } = await site.sync();
    expect(changed).toBe(true);
    expect(steps.map(({ action }) => action)).toEqual(['attach', 'update']);

    const bin = join(lab.directory, 'bin');
    mkdirSync(bin);
    const log = join(lab.directory, 'looks');
    writeFileSync(join(bin, 'bpftool'), `#!/bin/sh\necho "$*" >> ${log}\nexec /usr/sbin/bpftool "$@"\n`);
    chmodSync(join(bin, 'bpftool'), 0o755);
    const looks = async (command: string) => {
      rmSync(log, { force: true });
      const config = join(lab.directory, 'config.yaml');
      const names = { XDPKEEP_CONFIG: config, XDPKEEP_STATE: '', XDPKEEP_HOST: '' };
      const env = { ...names, XDPKEEP_BPFTOOL: join(bin, 'bpftool') };
      expect(await lab.run([command], { env })).toMatchObject({ exitCode: 0 });
      return readFileSync(log, 'utf8').split('\n').length;
    };
    expect(await looks('sync')).toBe(await looks('reconcile'));
  },
);
