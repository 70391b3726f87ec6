// The hold of a change that was undone: what ends it, and what does not.
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { reconcile, status } from '../support/host.js';
import {
  command,
  decided,
  DROP,
  LONG,
  OTHER,
  running,
  start,
  trialPhases,
  watchdogs,
  writeGuarded,
} from '../support/trials.js';

/** Runs the same program, and is another wish. */
const THIRD = { veth0: OTHER.veth0.replace('native', 'auto') };

it('outlives a change of the state files that is refused, and ends with one that takes effect', async () => {
  await using lab = await createLab();
  const former = await undone(lab);
  writeGuarded(lab, {});
  await command(lab, 15, 'reconcile');
  lab.writeState({ 'hosts/lab.yaml': 'kind: Host\n' });
  expect((await lab.run(['reconcile'])).exitCode).toBe(65);
  writeGuarded(lab, OTHER);
  expect(await reconcile(lab, 13)).toMatchObject({ changed: false, hold: { generation: 1 } });
  expect(await running(lab)).toBe(former);

  writeGuarded(lab, THIRD);
  expect(await reconcile(lab)).toMatchObject({ changed: true });
  expect((await status(lab)).hold).toBeUndefined();
  writeGuarded(lab, OTHER);
  expect(await reconcile(lab)).toMatchObject({ interfaces: [{ condition: 'Ready' }] });
});

it('ends when the state files want again what runs', async () => {
  await using lab = await createLab();
  await undone(lab);
  writeGuarded(lab, DROP);
  expect(await reconcile(lab)).toMatchObject({ changed: false });
  expect((await status(lab)).hold).toBeUndefined();
});

it('grows by the next change that is undone, and ends with one that is confirmed', async () => {
  await using lab = await createLab();
  const former = await undone(lab);
  writeGuarded(lab, THIRD, LONG);
  await reconcile(lab);
  await command(lab, 0, 'cancel');
  for (const left of [OTHER, THIRD]) {
    writeGuarded(lab, left, left === THIRD ? LONG : '');
    expect(await reconcile(lab, 13)).toMatchObject({ changed: false });
  }
  expect(await running(lab)).toBe(former);
  writeGuarded(lab, THIRD);
  expect(await reconcile(lab, 0, '--confirm-within', '1h')).toMatchObject({ changed: true });
  await command(lab, 0, 'confirm');
  expect((await status(lab)).hold).toBeUndefined();
  await decided(lab);
});

it('covers what was written while a change waited that nobody confirmed', async () => {
  await using lab = await createLab();
  const former = await start(lab);
  writeGuarded(lab, OTHER);
  await reconcile(lab, 0, '--confirm-within', '1h');
  writeGuarded(lab, THIRD);
  await command(lab, 17, 'reconcile');
  for (const pid of watchdogs(lab)) process.kill(pid, 'SIGTERM'); // its deadline is now
  await decided(lab);
  for (const left of [THIRD, OTHER]) {
    writeGuarded(lab, left);
    expect(await reconcile(lab, 13)).toMatchObject({ changed: false });
  }
  expect(await running(lab)).toBe(former);
  expect((await lab.run(['resume'])).exitCode).toBe(0);
  expect(await reconcile(lab)).toMatchObject({ changed: true });
});

it.each(['intent:after', 'drop-link:before', 'drop-link:after', 'clean:after', 'outcome:after'])(
  'of `detach --all` while a change waits, killed at %s: the next pass finishes it',
  async (point) => {
    await using lab = await createLab();
    await start(lab);
    writeGuarded(lab, OTHER, LONG);
    await reconcile(lab);
    const args = ['detach', '--all', '--reason', 'incident'];
    const killed = await lab.run(args, { env: { XDPKEEP_FAILPOINT: point } });
    expect(killed).toMatchObject({ signal: 'SIGKILL' });
    expect(await reconcile(lab, 13)).toMatchObject({ hold: { generation: 0, reason: 'incident' } });
    expect(await running(lab)).toBeUndefined();
    expect(trialPhases(lab)).toEqual(['intent', 'undone']);
    await decided(lab);
    expect(await reconcile(lab, 13)).toMatchObject({ changed: false });
  },
);

/** `OTHER` was on trial, and was cancelled; the program that runs again. */
async function undone(lab: Lab): Promise<number> {
  const former = await start(lab);
  writeGuarded(lab, OTHER);
  await reconcile(lab, 0, '--confirm-within', '1h');
  await command(lab, 0, 'cancel', '--reason', 'no good');
  expect(await running(lab)).toBe(former);
  return former;
}
