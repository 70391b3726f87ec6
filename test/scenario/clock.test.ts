// The wall clock is wrong by ten years, either way: nothing depends on it but what people read.
// needs: faketime lab
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readJournal } from '../../src/journal/read.js';
import { createLab } from '../lab.js';
import { document, ICMP_DROP, OWN, ownProgram, status, writeHost } from '../support/host.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';

const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const NATIVE = { veth0: `mode: native, program: ${ICMP_DROP}` };

function at(years: string): { env: Record<string, string> } {
  return { env: { LD_PRELOAD: FAKETIME, FAKETIME: years, FAKETIME_DONT_FAKE_MONOTONIC: '1' } };
}

it.each([
  ['+10y', '-10y'],
  ['-10y', '+10y'],
])('%s, then right, then %s', async (first, last) => {
  await using lab = await createLab();
  lab.writeState({ 'programs/own.bpf.c': ownProgram('extra') });
  const run = async (years: string, exitCode: number, ...args: string[]) =>
    document<Reconciliation>(await lab.run([...args, '--output', 'json'], at(years)), exitCode);

  writeHost(lab, NATIVE);
  await run(first, 0, 'reconcile');
  expect(await run('+0', 0, 'reconcile')).toMatchObject({ changed: false });
  writeHost(lab, { veth0: `mode: generic, program: ${ICMP_DROP}` });
  await run('+0', 0, 'reconcile');
  writeHost(lab, { veth0: `mode: generic, program: ${OWN}` });
  expect((await run(last, 0, 'reconcile')).interfaces).toMatchObject([
    { condition: 'Ready', mode: 'generic' },
  ]);
  expect(await run(first, 0, 'rollback', '1')).toMatchObject({ interfaces: [{ mode: 'native' }] });
  await run(last, 13, 'reconcile');
  await run(last, 0, 'resume');

  const { records, damage } = readJournal(lab.dataDir);
  expect(damage).toBeUndefined();
  expect(new Set(records.map(({ time }) => time.slice(0, 3))).size).toBeGreaterThan(1);
});

it.each(['+10y', '-10y'])('%s: a suspension neither ends nor lasts', async (years) => {
  await using lab = await createLab();
  writeHost(lab, NATIVE);
  expect(await lab.run(['suspend', '--reason', 'r', '--for', '1h'])).toMatchObject({ exitCode: 0 });
  document(await lab.run(['reconcile', '--output', 'json'], at(years)), 13);
  expect((await status(lab)).suspensions).toHaveLength(1);
  expect(await lab.run(['resume'])).toMatchObject({ exitCode: 0 });
  expect(await lab.run(['suspend', '--reason', 'r', '--for', '1s'], at(years))).toMatchObject({
    exitCode: 0,
  });
  await expect.poll(async () => (await lab.run(['reconcile'])).exitCode).toBe(0);
});

it('a daemon with a schedule hears it on when the clock is set, and ends at once', async () => {
  await using lab = await createLab();
  writeHost(lab, NATIVE);
  const clock = join(lab.directory, 'clock');
  writeFileSync(clock, '+0');
  const env = {
    LD_PRELOAD: FAKETIME,
    FAKETIME_TIMESTAMP_FILE: clock,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    XDPKEEP_LOG_LEVEL: 'debug',
  };
  const daemon = lab.start(['reconcile', '--schedule', '* * * * * *'], { env });
  let log = '';
  daemon.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const passes = () => log.split('\n').filter((line) => line.includes('"reconciled"')).length;
  await expect.poll(passes).toBeGreaterThan(1);
  for (const [time, word] of [
    ['-1h', 'back'],
    ['+7d', 'forward'],
    ['+330d', 'forward'],
  ] as const) {
    writeFileSync(clock, time);
    await expect.poll(() => log).toContain(`the clock was set ${word}`);
    const before = passes();
    await expect.poll(passes).toBeGreaterThan(before + 1);
  }
  expect(log.split('\n').filter((line) => line.includes('the clock was set'))).toHaveLength(3);
  expect(log.split('\n').every((line) => line === '' || line.startsWith('{'))).toBe(true); // nobody else prints
  daemon.kill('SIGTERM');
  expect(await daemon).toMatchObject({ exitCode: 0 });
});
