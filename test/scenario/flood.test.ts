// Under a constant flood of ICMP, an update between two programs that both drop it lets not one packet through. That a
// gap would be seen is shown by the one change that has one, and says so: the change of mode.
import { expect, it } from 'vitest';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { createLab, type Lab } from '../lab.js';
import { document, ICMP_DROP, mapValues, OWN, ownProgram, reconcile, writeHost } from '../support/host.js';
import { stopAt } from '../support/stopped.js';

/** Packets that a program must have seen between two looks, for the flood to count as running: it does 100,000 a second. */
const RUNNING = 1000;
const LIMITS = { frames: 1e9, seconds: 25 };

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
    const now = await drops(lab);
    expect(now - dropped, 'dropped during and after the update').toBeGreaterThan(RUNNING);
    dropped = now;
    // This map starts afresh with each update: what it counts, the new program has dropped.
    if (program === OWN) expect((await mapValues(lab, 'veth0', 'extra'))[0]).toBeGreaterThan(RUNNING);
  }
  expect((await drops(lab)) - dropped, 'dropped since the last update').toBeGreaterThan(RUNNING);
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
  await expect.poll(() => lab.icmpReceived(), { timeout: 10_000 }).toBeGreaterThan(passed);
  expect(document<Reconciliation>(await change.resume(), 0).steps).toMatchObject([
    { action: 'update', gap: true, outcome: 'done' },
  ]);
  await flood.stop();
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
