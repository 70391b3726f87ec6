// A change on trial that the old build made and announced, with a deadline that it armed: the new one has the last word.
import { readFileSync, rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Lab } from '../lab.js';
import { finish, within } from '../lab/exec.js';
import { mapValues, reconcile, status } from '../support/host.js';
import {
  command,
  decided,
  DROP,
  endTime,
  LONG as HOUR,
  OTHER,
  running,
  start,
  trialPhases,
  watchdogs,
  writeGuarded,
} from '../support/trials.js';
import { createOldLab, install, links, LONG } from './installed.js';
import { Traffic } from './traffic.js';

/** Long enough to install another build in it. */
const SOON = 'confirm: 12s\n';

/** The old build has made a change from one program to another, which waits for its confirmation. */
async function waiting(lab: Lab, safeguards = HOUR): Promise<{ former: number; changed: number }> {
  const former = await start(lab);
  expect((await lab.ping(4)).received).toBe(0);
  writeGuarded(lab, OTHER, safeguards);
  const { pending } = await reconcile(lab);
  expect(pending?.generation).toBe(2);
  const changed = await running(lab);
  if (changed === undefined || changed === former) throw new Error('nothing was changed');
  return { former, changed };
}

/** Everything of it was undone without a gap, and is on hold. */
async function expectUndone(lab: Lab, former: number, reason: string): Promise<void> {
  expect(trialPhases(lab)).toEqual(['intent', 'undone']);
  expect(await running(lab)).toBe(former);
  expect(await status(lab)).toMatchObject({ hold: { undone: 2, generation: 1, reason } });
  expect((await reconcile(lab, 13)).changed).toBe(false);
  expect((await lab.ping(2)).received).toBe(0);
}

it('the new build shows it and confirms it', { timeout: LONG }, async () => {
  await using lab = await createOldLab();
  const { changed } = await waiting(lab);
  await using traffic = await Traffic.flow(lab);
  const before = await links(lab);
  const [dropped] = await mapValues(lab, 'veth0', 'icmp_drops');
  await install(lab, 'new');
  expect(await status(lab)).toMatchObject({ pending: { generation: 2 } });
  expect(await reconcile(lab)).toMatchObject({ changed: false, pending: { generation: 2 } });
  expect(await running(lab)).toBe(changed);
  await command(lab, 0, 'confirm');
  await decided(lab);
  expect(trialPhases(lab)).toEqual(['intent', 'confirmed']);
  expect(await reconcile(lab)).not.toHaveProperty('pending');
  expect(await reconcile(lab)).toMatchObject({ changed: false });
  await traffic.unbroken();
  expect(await links(lab)).toEqual(before);
  expect((await mapValues(lab, 'veth0', 'icmp_drops'))[0]).toBeGreaterThan(Number(dropped));
  await command(lab, 0, 'rollback', '1');
  expect((await lab.ping(2)).received).toBe(0);
});

it('the new build cancels it: the program that ran before decides again', { timeout: LONG }, async () => {
  await using lab = await createOldLab();
  const { former } = await waiting(lab);
  await using traffic = await Traffic.flow(lab);
  await install(lab, 'new');
  await command(lab, 0, 'cancel');
  await decided(lab);
  await traffic.unbroken();
  await expectUndone(lab, former, 'cancelled by hand');
});

it(
  'the watchdog of the old build acts at the deadline, in the middle of the new one',
  { timeout: LONG },
  async () => {
    await using lab = await createOldLab();
    const { former } = await waiting(lab);
    const [watchdog, ...others] = watchdogs(lab);
    expect([watchdog, others]).toEqual([expect.any(Number), []]);
    await using traffic = await Traffic.flow(lab);
    await install(lab, 'new');
    expect(await reconcile(lab)).toMatchObject({ changed: false, pending: { generation: 2 } });
    expect(watchdogs(lab)).toEqual([watchdog]);
    await endTime(lab);
    await decided(lab);
    await traffic.unbroken();
    await expectUndone(lab, former, 'its watchdog was told to end');
  },
);

it(
  'what the old build armed runs the new one at the deadline, as a timer does',
  { timeout: LONG },
  async () => {
    await using lab = await createOldLab();
    const { former } = await waiting(lab, SOON);
    const [watchdog = 0] = watchdogs(lab);
    const armed = readFileSync(`/proc/${watchdog}/cmdline`, 'utf8').split('\0').slice(0, -1);
    process.kill(watchdog, 'SIGKILL');
    await expect.poll(() => watchdogs(lab)).toEqual([]);
    await using traffic = await Traffic.flow(lab);
    await install(lab, 'new');
    // The same command line, which names the same files, with other content now.
    const ended = await finish(...within(lab.network.firewall, armed), { timeout: 60_000 });
    expect(ended.exitCode, ended.stderr).toBe(0);
    await traffic.unbroken();
    await expectUndone(lab, former, 'it was not confirmed in time');
  },
);

it('a pass of the new build does it where nobody was there at the deadline', { timeout: LONG }, async () => {
  await using lab = await createOldLab();
  const { former } = await waiting(lab, SOON);
  for (const pid of watchdogs(lab)) process.kill(pid, 'SIGKILL');
  await install(lab, 'new');
  const left = async () => (await status(lab)).pending?.secondsLeft;
  await expect.poll(left, { timeout: 30_000 }).toBe(0);
  expect(await reconcile(lab, 13)).toMatchObject({ hold: { undone: 2 } });
  await expectUndone(lab, former, 'it was not confirmed in time');
});

it('the way back on the bpffs is understood when the data directory is gone', { timeout: LONG }, async () => {
  await using lab = await createOldLab();
  const { former } = await waiting(lab);
  rmSync(lab.dataDir, { recursive: true });
  await using traffic = await Traffic.flow(lab);
  await install(lab, 'new');
  await command(lab, 13, 'cancel');
  await decided(lab);
  await traffic.unbroken();
  expect(await running(lab)).toBe(former);
  expect(await reconcile(lab, 13)).toMatchObject({ changed: false, hold: { lost: true } });
});

it.each(['intent:after', 'swap:after', 'decide:before'])(
  'a trial of the old build that died at %s is undone',
  { timeout: LONG },
  async (point) => {
    await using lab = await createOldLab();
    const former = await start(lab);
    writeGuarded(lab, OTHER, `${HOUR}probes: [{exec: [/bin/true]}]\n`);
    const killed = await lab.run(['reconcile'], { env: { XDPKEEP_FAILPOINT: point } });
    for (const pid of watchdogs(lab)) process.kill(pid, 'SIGKILL');
    await install(lab, 'new');
    await using traffic = await Traffic.flow(lab);
    expect(killed.signal).toBe('SIGKILL');
    await reconcile(lab, 13);
    await traffic.unbroken();
    await expectUndone(lab, former, 'the run that made it ended before it was decided');
  },
);

it('a detach that waits is cancelled, and an attachment too', { timeout: LONG }, async () => {
  await using lab = await createOldLab();
  writeGuarded(lab, {});
  await reconcile(lab);
  writeGuarded(lab, DROP, HOUR);
  await reconcile(lab);
  await install(lab, 'new');
  await command(lab, 0, 'cancel');
  expect(await running(lab)).toBeUndefined();
  await decided(lab);
  expect((await lab.ping(1)).received).toBe(1);
});
