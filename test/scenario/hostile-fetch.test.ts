// Whoever fetches is another user, and may have been taken over: whatever they put into their folder, root is not held up,
// heals what drifted, and repeats nothing that they wrote but one line.
import { rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createLab } from '../lab.js';
import { must } from '../lab/exec.js';
import { Halves } from '../support/halves.js';

type Put = (path: string) => Promise<unknown> | undefined;
const FIFO: Put = (path) => must('mkfifo', [path]);
const ENDLESS: Put = (path) => {
  symlinkSync('/dev/zero', path);
  return undefined;
};
const SPARSE: Put = (path) => {
  writeFileSync(path, '');
  truncateSync(path, 2 ** 40);
  return undefined;
};

it('an answer that is no file, or one without end: the repository counts as one that says nothing', async () => {
  await using lab = await createLab();
  const halves = await Halves.create(lab);
  await halves.fetch();
  await halves.sync();
  const answer = join(halves.folder, 'answer.json');
  for (const put of [FIFO, ENDLESS, SPARSE]) {
    rmSync(answer);
    await put(answer);
    await halves.site.drift();
    const begun = performance.now();
    expect(await halves.sync()).toMatchObject({
      changed: true,
      interfaces: [{ condition: 'Ready' }],
      source: { condition: 'SourceStale', reason: `nothing was fetched to ${halves.folder}` },
    });
    expect(performance.now() - begun).toBeLessThan(10_000);
  }
  // The next fetch puts another one in its place.
  expect(await halves.fetch()).toMatchObject({ exitCode: 0 });
  expect(await halves.sync()).toMatchObject({ source: { condition: 'Current' } });
});

it('an answer from the future is one of now, and what it says is one line', async () => {
  await using lab = await createLab();
  const halves = await Halves.create(lab);
  await halves.fetch();
  await halves.sync();
  const { folder } = halves.site.repository;
  const reason = `gone\n\u001b[2Jxdpkeep: all is well\r${'x'.repeat(10_000)}`;
  const heard = '2099-01-01T00:00:00.000Z';
  writeFileSync(
    join(halves.folder, 'answer.json'),
    JSON.stringify({ git: folder, ref: 'main', heard, reason }),
  );
  const { source } = await halves.sync();
  expect(source).toMatchObject({ condition: 'SourceStale' });
  expect(Date.parse(source?.heard ?? '')).toBeLessThanOrEqual(Date.now());
  expect(source?.reason).toMatch(/^gone \[2Jxdpkeep: all is well x{400,500}$/);
  writeFileSync(join(halves.folder, 'answer.json'), JSON.stringify({ git: 'a\nb', ref: 'main', heard }));
  expect((await halves.sync()).source?.reason).toBe(`${halves.folder} holds a b main, not ${folder} main`);
});

it.each<[file: string, what: string, put: Put]>([
  ['HEAD', 'a FIFO', FIFO],
  ['HEAD', 'a link to what has no end', ENDLESS],
  ['config', 'a FIFO', FIFO],
  ['packed-refs', 'a FIFO', FIFO],
  ['packed-refs', 'a sparse file', SPARSE],
  ['refs/heads/main', 'a link to what has no end', ENDLESS],
  ['objects/info/alternates', 'a FIFO', FIFO],
])('%s of the repository is %s: git is ended, what drifted is healed', async (file, _, put) => {
  await using lab = await createLab();
  const halves = await Halves.create(lab);
  await halves.fetch();
  await halves.sync();
  const path = join(halves.folder, 'repository.git', file);
  rmSync(path, { force: true });
  await put(path);
  await halves.site.drift();
  const run = halves.site.start('sync', '--offline', halves.folder, '--output', 'json');
  const { exitCode, stdout } = await run;
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ changed: true, interfaces: [{ condition: 'Ready' }] });
});

it('a signal ends a pass that waits for git', async () => {
  await using lab = await createLab();
  const halves = await Halves.create(lab);
  await halves.fetch();
  await halves.sync();
  rmSync(join(halves.folder, 'repository.git/HEAD'));
  await must('mkfifo', [join(halves.folder, 'repository.git/HEAD')]);
  const waiting = halves.site.start('sync', '--offline', halves.folder);
  await sleep(3000);
  const begun = performance.now();
  waiting.kill('SIGTERM');
  await waiting;
  expect(performance.now() - begun).toBeLessThan(5000);
});
