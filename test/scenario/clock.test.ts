// The wall clock is wrong by ten years, either way: nothing depends on it but what people read.
// needs: faketime lab
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
