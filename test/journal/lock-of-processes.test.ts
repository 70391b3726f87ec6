// The writer lock between processes, each with a start of its own.
// needs: time
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withWriterLock } from '../../src/journal/lock.js';
import { EXIT } from '../../src/model/errors.js';
import { buildWriter, errorOf, snapshot, temporaryFolder } from './support.js';

const nothing = () => Promise.resolve();

test('the second process is told who is at work; killing that one frees the lock', async () => {
  const dataDir = temporaryFolder();
  const start = await buildWriter();
  const holder = start('hold', dataDir);
  expect(await holder.said).toBe('held');
  const before = snapshot(dataDir);

  const error = await errorOf(() => withWriterLock(dataDir, nothing));
  expect(error).toMatchObject({ exitCode: EXIT.locked });
  expect(error?.message).toContain(`process ${holder.process.pid ?? ''} `);
  expect(error?.hint).toContain('Wait');
  expect(snapshot(dataDir)).toEqual(before);

  await holder.kill();
  await withWriterLock(dataDir, nothing);
});

test.each(['deleted', 'replaced'])('a lock file that is %s while held lets nobody in', async (how) => {
  const dataDir = temporaryFolder();
  const file = join(dataDir, 'lock');
  const start = await buildWriter();
  const holder = start('hold', dataDir);
  await holder.said;
  rmSync(file);
  if (how === 'replaced') writeFileSync(file, '');
  const error = await errorOf(() => withWriterLock(dataDir, nothing));
  expect(error).toMatchObject({ exitCode: EXIT.locked });
  expect(error?.message).toContain(`process ${holder.process.pid ?? ''} `);
  await holder.kill();
  await withWriterLock(dataDir, nothing);
});

test('writers never overlap, though the lock file is deleted all the time', async () => {
  const dataDir = temporaryFolder();
  const log = join(temporaryFolder(), 'log');
  const start = await buildWriter();
  const writers = [start('contend', dataDir, log), start('contend', dataDir, log)];
  const vandal = setInterval(() => {
    rmSync(join(dataDir, 'lock'), { force: true });
  }, 1);
  const turns = await Promise.all(writers.map(({ said }) => said));
  clearInterval(vandal);
  expect(turns.map(Number)).toEqual([20, 20]);

  const events = readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' '));
  expect(events).toHaveLength(2 * 40);
  for (let at = 0; at < events.length; at += 2) {
    const [enter, leave] = [events[at], events[at + 1]];
    expect([enter?.[1], leave?.[1], leave?.[2]]).toEqual(['enter', 'leave', enter?.[2]]);
  }
});
