// Under a constant flood of ICMP, an update between two programs that both drop it lets not one packet through, nor does
// what undoes it at its deadline or settles it after a crash. That a gap would be seen is shown by the one change that has one, and says so: the change of mode.
import { expect, it } from 'vitest';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { createLab, type Lab } from '../lab.js';
import { document, ICMP_DROP, mapValues, OWN, ownProgram, reconcile, writeHost } from '../support/host.js';
import { stopAt } from '../support/stopped.js';
import {
  decided,
  DROP,
  endTime,
  LONG,
  OTHER,
  running,
  start,
  trialPhases,
  writeGuarded,
} from '../support/trials.js';

/** Packets that a program must have seen between two looks, for the flood to count as running: it does 100,000 a second. */
const RUNNING = 1000;
/** The flood ends with its test, and not before: on a busy machine each look takes seconds. */
const LIMITS = { frames: 1e12, seconds: 600 };

it.each(['native', 'generic'])('updates let nothing through (%s)', async (mode) => {
  await using lab = await createLab();
  await dropIcmp(lab, mode);
  const passed = await lab.icmpReceived();
  await using flood = await lab.flood(LIMITS);
  let dropped = await drops(lab);
  for (const program of [OWN, ICMP_DROP, OWN, ICMP_DROP, OWN]) {
    writeHost(lab, { veth0: `mode: ${mode}, program: ${program}` });
    const update = await reconcile(lab);
    expect(update.steps).toMatchObject([{ action: 'update', gap: false, outcome: 'done' }]);
    await expect.poll(() => drops(lab)).toBeGreaterThan(dropped + RUNNING);
    // This map starts afresh with each update: what it counts, the new program has dropped.
    const fresh = async () => (await mapValues(lab, 'veth0', 'extra'))[0];
    if (program === OWN) await expect.poll(fresh).toBeGreaterThan(RUNNING);
    dropped = await drops(lab);
  }
  await expect.poll(() => drops(lab)).toBeGreaterThan(dropped + RUNNING);
  expect(await flood.stop()).toBeGreaterThan(dropped);
  expect(await lab.icmpReceived()).toBe(passed);
});

it('a change of mode has the gap that its plan names, and through it the flood is seen', async () => {
  await using lab = await createLab();
  await dropIcmp(lab, 'native');
  const passed = await lab.icmpReceived();
  await using flood = await lab.flood(LIMITS);
  writeHost(lab, { veth0: `mode: generic, program: ${ICMP_DROP}` });
  const change = await stopAt(lab, 'drop-link:after');
  await expect.poll(() => lab.icmpReceived()).toBeGreaterThan(passed);
  expect(document<Reconciliation>(await change.resume(), 0).steps).toMatchObject([
    { action: 'update', gap: true, outcome: 'done' },
  ]);
  await flood.stop();
});

it('the end of a trial and the recovery of a killed run let nothing through', async () => {
  await using lab = await createLab();
  const former = await start(lab);
  const passed = await lab.icmpReceived();
  await using flood = await lab.flood(LIMITS);
  const goesOn = async () => {
    const dropped = await drops(lab);
    await expect.poll(() => drops(lab)).toBeGreaterThan(dropped + RUNNING);
  };
  const killSwapped = async () => {
    const killed = await lab.run(['reconcile'], { env: { XDPKEEP_FAILPOINT: 'swap:after' } });
    expect(killed).toMatchObject({ signal: 'SIGKILL' });
    expect(await running(lab)).not.toBe(former);
  };
  await goesOn();

  // Its deadline comes.
  writeGuarded(lab, OTHER, LONG);
  expect((await reconcile(lab)).pending).toBeDefined();
  expect(await running(lab)).not.toBe(former);
  await goesOn();
  await endTime(lab);
  await decided(lab);
  expect(await running(lab)).toBe(former);
  await goesOn();

  // The run that put it on trial is killed: the next pass goes back.
  writeGuarded(lab, DROP);
  await reconcile(lab);
  writeGuarded(lab, OTHER, LONG);
  await killSwapped();
  await reconcile(lab, 13);
  await decided(lab);
  expect(await running(lab)).toBe(former);
  expect(trialPhases(lab)).toEqual(['intent', 'undone', 'intent', 'undone']);
  await goesOn();

  // Without a trial it goes on.
  writeGuarded(lab, DROP);
  await reconcile(lab);
  writeGuarded(lab, OTHER);
  await killSwapped();
  await reconcile(lab);
  expect(await running(lab)).not.toBe(former);
  await goesOn();

  expect(await flood.stop()).toBeGreaterThan(RUNNING);
  expect(await lab.icmpReceived()).toBe(passed);
});

async function dropIcmp(lab: Lab, mode: string): Promise<void> {
  lab.writeState({ 'programs/own.bpf.c': ownProgram('extra') });
  writeHost(lab, { veth0: `mode: ${mode}, program: ${ICMP_DROP}` });
  await reconcile(lab);
}

/** Packets that either program has dropped: both count in one map, which goes from one to the other. */
async function drops(lab: Lab): Promise<number> {
  return Number((await mapValues(lab, 'veth0', 'icmp_drops'))[0]);
}
