// A change that has to be confirmed: what it is while it waits, and what each of its ends leaves.
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab } from '../lab.js';
import { must } from '../lab/exec.js';
import { reconcile, status } from '../support/host.js';
import { stopAt } from '../support/stopped.js';
import {
  command,
  decided,
  DROP,
  HeldProbe,
  LONG,
  OTHER,
  running,
  start,
  trialPhases,
  watchdogs,
  writeGuarded,
} from '../support/trials.js';

it('waits with the former program loaded, lets no other change pass, and stays once it is confirmed', async () => {
  await using lab = await createLab();
  const former = await start(lab);
  writeGuarded(lab, OTHER, LONG);
  const changed = await reconcile(lab);
  expect(changed).toMatchObject({
    generation: 2,
    changed: true,
    interfaces: [{ condition: 'Ready' }],
    pending: { generation: 2, previous: 1, armed: { by: 'watchdog' } },
  });
  expect(await running(lab)).not.toBe(former);
  const instances = () =>
    readdirSync(join(lab.bpffs, 'xdpkeep/interfaces/veth0')).filter((name) => name !== 'link');
  expect(instances()).toHaveLength(2);
  expect(watchdogs(lab)).toHaveLength(1);

  const waiting = await status(lab);
  expect(waiting.interfaces).toMatchObject([{ condition: 'Ready', reason: 'in sync' }]);
  expect(waiting.pending?.secondsLeft).toBeGreaterThan(3000);
  expect((await lab.run(['status'])).stdout).toMatch(/waits for its confirmation, (59 m|1 h)/);

  expect(await reconcile(lab)).toMatchObject({ changed: false, dryRun: false, pending: { generation: 2 } });
  writeGuarded(lab, {}, LONG);
  for (const args of [['reconcile'], ['reconcile', '--dry-run'], ['rollback']])
    await command(lab, 17, ...args);
  expect(instances()).toHaveLength(2);

  const confirmed = await command(lab, 0, 'confirm');
  expect(confirmed).toMatchObject({ generation: 2, interfaces: [{ condition: 'Ready' }] });
  expect(confirmed.pending).toBeUndefined();
  expect(instances()).toHaveLength(1);
  expect(trialPhases(lab)).toEqual(['intent', 'confirmed']);
  await decided(lab);
  expect((await lab.run(['confirm'])).stdout).toBe('nothing waits for a confirmation');
  writeGuarded(lab, OTHER, LONG);
  expect(await reconcile(lab)).toMatchObject({ changed: false, generation: 2 });
  expect((await lab.run(['journal', 'verify'])).exitCode).toBe(0);
});

it('that is cancelled is undone by going back to the program that is still loaded, and held', async () => {
  await using lab = await createLab();
  const former = await start(lab);
  writeGuarded(lab, OTHER);
  await reconcile(lab, 0, '--confirm-within', '1h');
  const back = await command(lab, 0, 'cancel', '--reason', 'no good');
  expect(back).toMatchObject({ generation: 3, hold: { generation: 1, reason: 'no good' } });
  expect(await running(lab)).toBe(former);
  expect(trialPhases(lab)).toEqual(['intent', 'undone']);
  await decided(lab);
  expect(await reconcile(lab, 13)).toMatchObject({ changed: false, generation: 3 });
  const held = (await status(lab)).conditions.find(({ type }) => type === 'Held');
  expect(held).toMatchObject({ status: 'True', reason: 'ChangeUndone' });
  expect((await lab.run(['confirm'])).exitCode).toBe(10);
  expect((await lab.run(['resume'])).exitCode).toBe(0);
  expect(await reconcile(lab)).toMatchObject({ changed: true, generation: 4 });
});

it('gives a foreign program back that it took over', async () => {
  await using lab = await createLab();
  const stranger = await lab.attachForeign('veth0');
  writeGuarded(lab, { veth0: `${DROP.veth0}, foreign: replace` }, LONG);
  await reconcile(lab);
  expect(await running(lab)).not.toBe(stranger);
  expect(await command(lab, 0, 'cancel')).toMatchObject({ hold: { generation: 0 } });
  expect(await running(lab)).toBe(stranger);
  expect(readdirSync(lab.bpffs)).not.toContain('xdpkeep');
  await decided(lab);
});

it('that cannot be left to wait is undone, and nobody can confirm it', async () => {
  await using lab = await createLab();
  const former = await start(lab);
  const probe = new HeldProbe(lab);
  writeGuarded(lab, OTHER, probe.yaml + LONG);
  const stopped = await stopAt(lab, 'pin:after');
  probe.arm();
  const run = stopped.resume();
  await probe.asked();
  const inTheWay = join(lab.bpffs, 'xdpkeep/trial-new'); // where the way back is written anew
  mkdirSync(inTheWay);
  await must('mount', ['-t', 'tmpfs', 'none', inTheWay]);
  try {
    probe.answer(0);
    expect((await run).exitCode).not.toBe(0);
    expect(await running(lab)).toBe(former);
    expect((await lab.run(['confirm'])).exitCode).not.toBe(0);
  } finally {
    await must('umount', [inTheWay]);
  }
  expect(await reconcile(lab, 13)).toMatchObject({ hold: { generation: 1, undone: 2 } });
  expect(await running(lab)).toBe(former);
  await decided(lab);
});

it('is dropped when everything is detached', async () => {
  await using lab = await createLab();
  await start(lab);
  writeGuarded(lab, OTHER, LONG);
  await reconcile(lab);
  await command(lab, 0, 'detach', '--all', '--reason', 'incident');
  expect(await running(lab)).toBeUndefined();
  await decided(lab);
  expect(await reconcile(lab, 13)).toMatchObject({ changed: false });
});

it('that could not be confirmed in time is refused from the start', async () => {
  await using lab = await createLab();
  const former = await start(lab);
  writeGuarded(lab, OTHER, 'confirm: 5s\nguard: {window: 5s}\n');
  const refused = await lab.run(['reconcile']);
  expect(refused).toMatchObject({ exitCode: 14 });
  expect(refused.stderr).toContain('over before the window');
  expect(await running(lab)).toBe(former);
  expect(await reconcile(lab, 0, '--confirm-within', '1h')).toMatchObject({ pending: { generation: 2 } });
  expect((await lab.run(['confirm'])).stdout).toMatch(/^confirmed: generation 2 stays\n/);
  await decided(lab);
});

it('of which nothing has to be done waits for nobody', async () => {
  await using lab = await createLab();
  await start(lab);
  writeGuarded(lab, { veth0: DROP.veth0.replace('native', 'auto') }, LONG);
  const result = await reconcile(lab);
  expect(result).toMatchObject({ changed: false, generation: 2 });
  expect(result.pending).toBeUndefined();
});
