// What may happen to a sync while it works, and what may wait for it in a repository.
import { chownSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab } from '../lab.js';
import { must } from '../lab/exec.js';
import { OWN_FILES, Site } from '../support/site.js';

it('a repository of another user runs nothing of its own, and neither does what is committed', async () => {
  await using lab = await createLab();
  const site = await Site.create(lab);
  const { repository } = site;
  const trap = join(lab.directory, 'trap');
  await repository.commit(
    'attributes',
    {
      '.gitattributes': '* filter=x diff=x text\n',
      '.gitmodules': '[submodule "a"]\n\tpath = a\n\turl = /nowhere\n',
    },
    { key: 'ada' },
  );
  const script = `#!/bin/sh\necho "$0 $*" >> ${trap}\ncat\n`;
  for (const name of ['post-checkout', 'reference-transaction', 'pre-auto-gc', 'post-upload-pack']) {
    writeFileSync(join(repository.folder, '.git/hooks', name), script, { mode: 0o755 });
  }
  const program = join(repository.folder, '.git/run');
  writeFileSync(program, script, { mode: 0o755 });
  const settings = [
    'core.fsmonitor',
    'filter.x.smudge',
    'filter.x.clean',
    'diff.x.textconv',
    'uploadpack.packObjectsHook',
    'core.sshCommand',
    'core.alternateRefsCommand',
  ];
  for (const name of settings) await repository.git('config', name, program);
  for (const path of [repository.folder, join(repository.folder, '.git')]) chownSync(path, 65534, 65534);
  expect(await site.sync()).toMatchObject({ changed: true, source: { condition: 'Current' } });
  expect(readdirSync(lab.directory)).not.toContain('trap');
});

it('a crash between the copy and the record of it: the next pass adopts again', async () => {
  await using lab = await createLab();
  const site = await Site.create(lab);
  await site.sync();
  const record = join(lab.dataDir, 'source/adopted.json');
  const before = readFileSync(record);
  const commit = await site.repository.commit('count more', OWN_FILES, { key: 'ada' });
  await site.sync();
  writeFileSync(record, before);
  expect(await site.sync()).toMatchObject({
    changed: false,
    generation: 2,
    source: { revision: { commit } },
  });
  // Nor does it matter that there was no copy for a moment.
  rmSync(join(lab.dataDir, 'source/tree'), { recursive: true });
  expect(await site.sync()).toMatchObject({
    changed: false,
    source: { condition: 'Current', revision: { commit } },
  });
  expect(existsSync(join(lab.dataDir, 'source/tree/state/hosts/lab.yaml'))).toBe(true);
});

it('who rolls back does not wait for a remote that says nothing; a second sync does not start', async () => {
  await using lab = await createLab();
  const site = await Site.create(lab);
  await site.sync();
  await site.repository.commit('count more', OWN_FILES, { key: 'ada' });
  await site.sync();
  // git stands still where it opens a pipe that nobody writes to.
  await must('mkfifo', [join(site.repository.folder, '.git/packed-refs')]);
  const waiting = site.start('sync');
  const isAsking = () =>
    readdirSync('/proc').some((pid) => {
      const file = `/proc/${pid}/cmdline`;
      return (
        /^\d+$/.test(pid) &&
        existsSync(file) &&
        commandLine(file).includes(`ls-remote`) &&
        commandLine(file).includes(site.repository.folder)
      );
    });
  await expect.poll(isAsking).toBe(true);
  expect(await site.run('sync')).toMatchObject({ exitCode: 75 });
  expect(await site.run('rollback')).toMatchObject({ exitCode: 0 });
  expect(await site.status()).toMatchObject({ generation: 3, hold: { generation: 1 } });
  waiting.kill('SIGTERM');
  expect((await waiting).signal).toBe('SIGTERM');
  await expect.poll(isAsking).toBe(false);
  // The hold is about what the commit says: it stays until another one says something else.
  rmSync(join(site.repository.folder, '.git/packed-refs'));
  expect(await site.sync(13)).toMatchObject({
    changed: false,
    hold: { generation: 1 },
    source: { condition: 'Current' },
  });
});

/** Empty when the process has ended meanwhile. */
function commandLine(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
