// Root writes into folders of other users: every file is a new one, under a name that nobody could have known before.
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab } from '../lab.js';
import { trace } from '../support/strace.js';
import { writePolicy } from '../support/policies.js';

const RULES = [{ name: 'ping', match: { protocol: 'icmp' }, action: 'drop' }];

it('links that lie in wait are not followed', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: RULES });
  const victim = join(lab.directory, 'victim');
  writeFileSync(victim, 'precious');
  const planted = ['p.tmp', 'm.prom.tmp', 'c.pcapng', 'm.prom', 'p'];
  for (const name of planted) symlinkSync(victim, join(lab.directory, name));
  expect(await lab.run(['plan', '--out', join(lab.directory, 'p')])).toMatchObject({ exitCode: 0 });
  const pass = ['reconcile', '--metrics-file', join(lab.directory, 'm.prom')];
  expect(await lab.run(pass)).toMatchObject({ exitCode: 0 });
  const capture = ['capture', 'veth0', '--for', '1s', '--write', join(lab.directory, 'c.pcapng')];
  expect(await lab.run(capture)).toMatchObject({ exitCode: 64 });
  expect(readFileSync(victim, 'utf8')).toBe('precious');
  expect(readFileSync(join(lab.directory, 'm.prom'), 'utf8')).toContain('xdpkeep_up 1');
});

it('no file is made that could be another one', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: RULES });
  const calls = [];
  for (const args of [
    ['plan', '--out', join(lab.directory, 'p')],
    ['reconcile', '--metrics-file', join(lab.directory, 'm.prom')],
    ['suspend', '--reason', 'test', '--for', '1m'],
    ['resume'],
  ]) {
    const { finished, changing } = await trace(lab, args);
    expect(finished).toMatchObject({ exitCode: 0 });
    calls.push(...changing.filter((line) => line.includes('O_CREAT')));
  }
  // The lock and the journal are opened again and again: of the data directory, which is root's alone.
  const known = [`"${lab.dataDir}/lock"`, `"${lab.dataDir}/journal.ndjson"`];
  const made = calls.filter((line) => !known.some((path) => line.includes(path)));
  expect(made.length).toBeGreaterThan(3);
  expect(made.filter((line) => !line.includes('O_EXCL') || !line.includes('O_NOFOLLOW'))).toEqual([]);
  expect(calls.filter((line) => !line.includes('O_NOFOLLOW'))).toEqual([]);
});
