// The deadline of a change holds, whatever becomes of the process, its session and the machine.
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { readJournal } from '../../src/journal/read.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { createLab, type Lab } from '../lab.js';
import { scaled } from '../lab/pace.js';
import { background, finish, type Finished, within } from '../lab/exec.js';
import { document, reconcile, status } from '../support/host.js';
import { stopAt } from '../support/stopped.js';
import {
  CHANGES,
  command,
  decided,
  HeldProbe,
  LONG,
  OTHER,
  running,
  sessionOf,
  start,
  trialPhases,
  watchdogs,
  writeGuarded,
} from '../support/trials.js';

/** Long enough to do something before it is over. */
const soon = () => `confirm: ${scaled(6)}s\n`;

const CHANGE = ['reconcile', '--allow-prune-all', '--output', 'json'];

it.each(CHANGES)(
  '$change that nobody confirms is undone, though everything in its session is killed',
  async ({ from, to }) => {
    await using lab = await createLab();
    writeGuarded(lab, from);
    await reconcile(lab);
    const former = await running(lab);
    writeGuarded(lab, to, soon());
    await runAndKillSession(lab);
    await decided(lab);
    expect(await running(lab)).toBe(former);
    expect(trialPhases(lab)).toEqual(['intent', 'undone']);
    expect(await reconcile(lab, 13)).toMatchObject({
      changed: false,
      hold: { reason: 'it was not confirmed in time' },
    });
  },
);

it('is kept by the next pass when its watchdog was killed too', async () => {
  await using lab = await createLab();
  const former = await start(lab);
  writeGuarded(lab, OTHER, soon());
  const { pending } = await reconcile(lab);
  for (const pid of watchdogs(lab)) process.kill(pid, 'SIGKILL');
  expect(pending?.generation).toBe(2);
  const left = async () => (await status(lab)).pending?.secondsLeft;
  await expect.poll(left, { timeout: 250_000 }).toBe(0);
  // Too late to confirm: whoever comes first undoes it.
  expect((await command(lab, 10, 'confirm')).warnings).toEqual([
    expect.stringContaining('not confirmed in time'),
  ]);
  expect(await running(lab)).toBe(former);
  await decided(lab);
});

it('a watchdog that is told to end does its work first, and no signal of a session ends it', async () => {
  await using lab = await createLab();
  const former = await start(lab);
  writeGuarded(lab, OTHER, LONG);
  await reconcile(lab);
  const [pid = 0] = watchdogs(lab);
  expect(sessionOf(pid)).toEqual([pid]);
  process.kill(pid, 'SIGHUP');
  process.kill(pid, 'SIGINT');
  expect((await status(lab)).pending).toBeDefined();
  expect(watchdogs(lab)).toEqual([pid]);
  process.kill(pid, 'SIGTERM');
  await decided(lab);
  expect(await running(lab)).toBe(former);
});

it.each(CHANGES)(
  '$change is refused when its deadline cannot be armed, and does nothing',
  async ({ from, to }) => {
    await using lab = await createLab();
    writeGuarded(lab, from);
    await reconcile(lab);
    const former = await running(lab);
    const before = readJournal(lab.dataDir).records.length;
    writeGuarded(lab, to, LONG);
    const wrapper = join(lab.directory, 'wrapper.mjs');
    writeFileSync(
      wrapper,
      `if (process.argv.includes('--at-deadline')) process.exit(9);\nawait import(${JSON.stringify(resolve('dist/xdpkeep.js'))});\n`,
    );
    const refused = await runAs(lab, [process.execPath, wrapper, ...CHANGE]);
    expect(refused).toMatchObject({ exitCode: 69 });
    expect(JSON.parse(refused.stdout)).toMatchObject({
      message:
        'the deadline of the change cannot be armed: the watchdog did not start: it ended at once (exit 9)',
    });
    expect(await running(lab)).toBe(former);
    expect(readJournal(lab.dataDir).records).toHaveLength(before);
    expect((await status(lab)).pending).toBeUndefined();
    const { generation, pending } = await reconcile(lab, 0, '--allow-prune-all');
    expect(pending?.generation).toBe(generation);
    expect(await running(lab)).not.toBe(former);
    await command(lab, 0, 'cancel');
    await decided(lab);
    expect(await running(lab)).toBe(former);
  },
);

it.each(CHANGES)(
  'after a reboot the last confirmed generation is applied, never $change that waited',
  async ({ from, to }) => {
    await using lab = await createLab();
    writeGuarded(lab, from);
    const confirmed = digests(await reconcile(lab));
    writeGuarded(lab, to, LONG);
    const { pending, ...changed } = await reconcile(lab, 0, '--allow-prune-all');
    expect(pending).toBeDefined();
    expect(digests(changed)).not.toEqual(confirmed);
    // The kernel forgets, and our watchdog is gone.
    for (const pid of watchdogs(lab)) process.kill(pid, 'SIGKILL');
    rmSync(join(lab.bpffs, 'xdpkeep'), { recursive: true });
    await expect.poll(() => running(lab)).toBeUndefined();
    const bootId = join(lab.directory, 'boot_id');
    writeFileSync(bootId, '00000000-1111-2222-3333-444444444444\n');
    const mount = `mount --bind ${bootId} /proc/sys/kernel/random/boot_id && exec "$@"`;
    const xdpkeep = [process.execPath, resolve('dist/xdpkeep.js'), ...CHANGE];
    const booted = await runAs(lab, ['unshare', '--mount', 'sh', '-c', mount, 'sh', ...xdpkeep]);
    const result = document<Reconciliation>(booted, 13);
    expect(result).toMatchObject({
      changed: 'veth0' in from,
      hold: { generation: pending?.previous, reason: 'the machine was rebooted before it was confirmed' },
    });
    expect(digests(result)).toEqual(confirmed);
    expect((await running(lab)) !== undefined).toBe('veth0' in from);
    expect(trialPhases(lab)).toEqual(['intent', 'undone']);
  },
);

it.each([
  'intent:after',
  'pin:after',
  'swap:before',
  'swap:after',
  'verify:after',
  'outcome:before',
] as const)('a run that is killed at %s leaves a change that the next pass undoes', async (point) => {
  await using lab = await createLab();
  const former = await start(lab);
  writeGuarded(lab, OTHER, LONG);
  const killed = await lab.run(['reconcile'], { env: { XDPKEEP_FAILPOINT: point } });
  expect(killed).toMatchObject({ signal: 'SIGKILL' });
  expect(await reconcile(lab, 13)).toMatchObject({ generation: 3, interfaces: [{ condition: 'Ready' }] });
  expect(await running(lab)).toBe(former);
  await decided(lab);
  expect((await lab.run(['journal', 'verify'])).exitCode).toBe(0);
});

it('a change of which nothing more can be written down is undone at once, and by the next pass on paper', async () => {
  await using lab = await createLab();
  const former = await start(lab);
  writeGuarded(lab, OTHER, LONG);
  const env = { XDPKEEP_FAILPOINT: 'outcome:before=fail' };
  expect((await lab.run(['reconcile'], { env })).exitCode).toBe(74);
  expect(await running(lab)).toBe(former);
  expect((await status(lab)).pending).toMatchObject({ generation: 2 });
  expect(await reconcile(lab, 13)).toMatchObject({ generation: 3, hold: { generation: 1 } });
  expect(await running(lab)).toBe(former);
  await decided(lab);
});

it.each(['SIGTERM', 'SIGHUP'] as const)(
  '%s while the change is judged waits until it is decided',
  async (signal) => {
    await using lab = await createLab();
    const former = await start(lab);
    const probe = new HeldProbe(lab);
    writeGuarded(lab, OTHER, LONG + probe.yaml);
    const run = await stopAt(lab, 'pin:after'); // its probe held before
    probe.arm();
    const ended = run.resume();
    await probe.asked();
    process.kill(run.pid, signal);
    probe.answer(0);
    expect(await ended).toMatchObject({ signal });
    expect((await status(lab)).pending).toMatchObject({ generation: 2, previous: 1 });
    expect(await running(lab)).not.toBe(former);
    await command(lab, 0, 'confirm');
    await decided(lab);
  },
);

it('of two changes at once one is refused, and the first one is decided alone', async () => {
  await using lab = await createLab();
  await start(lab);
  writeGuarded(lab, OTHER, LONG);
  const first = await stopAt(lab, 'swap:after');
  writeGuarded(lab, {}, LONG);
  await command(lab, 75, 'reconcile');
  await command(lab, 75, 'confirm');
  expect(document(await first.resume(), 0)).toMatchObject({ pending: { generation: 2 } });
  await command(lab, 17, 'reconcile');
  await command(lab, 0, 'confirm');
  await decided(lab);
});

/** Of what runs on the interfaces. */
function digests({ interfaces }: Pick<Reconciliation, 'interfaces'>): string[] {
  return interfaces.flatMap(({ digest }) => digest ?? []);
}

/** In a session of its own, all of which is killed once the change waits. */
async function runAndKillSession(lab: Lab): Promise<void> {
  const script = `"$@"; sleep 600`;
  const xdpkeep = [process.execPath, resolve('dist/xdpkeep.js'), 'reconcile', '--allow-prune-all'];
  const session = background('setsid', ['sh', '-c', script, 'sh', ...inLab(lab, xdpkeep)], { env: env(lab) });
  const waits = async () => (await status(lab)).pending;
  await expect.poll(waits, { interval: 100 }).toBeDefined();
  for (const pid of sessionOf(session.pid ?? 0)) process.kill(pid, 'SIGKILL');
  expect(await session).toMatchObject({ signal: 'SIGKILL' });
}

function runAs(lab: Lab, words: string[]): Promise<Finished> {
  const [file = '', ...args] = inLab(lab, words);
  return finish(file, args, { env: env(lab), cwd: lab.directory });
}

function inLab(lab: Lab, words: string[]): string[] {
  const [file, args] = within(lab.network.firewall, words);
  return [file, ...args];
}

function env(lab: Lab): Record<string, string> {
  return {
    XDPKEEP_STATE: lab.state,
    XDPKEEP_BPFFS: lab.bpffs,
    XDPKEEP_DATA_DIR: lab.dataDir,
    XDPKEEP_HOST: 'lab',
  };
}
