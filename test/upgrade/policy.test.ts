// Policies that the old build attached: the new one takes them over under traffic, counts on, and decides the same.
import { expect, it } from 'vitest';
import type { Lab } from '../lab.js';
import { document, reconcile, status } from '../support/host.js';
import { counts } from '../support/policies.js';
import { createOldLab, install, LONG, takeOver } from './installed.js';
import { expectDecisions, writeEverything } from './policies.js';
import { Traffic } from './traffic.js';

const udp = (destinationPort: number) => ({ protocol: 17, destinationPort });

/** Of 14 and 12 frames, those above the bursts are dropped; in a while no more than some are let through. */
async function sendLimited(lab: Lab): Promise<void> {
  await lab.send(udp(9), 14);
  await lab.send(udp(10), 12);
}

it(
  'every field, limit and setting: no gap, the counters go on, and each packet has its fate',
  { timeout: LONG },
  async () => {
    await using lab = await createOldLab({ pairs: 2 });
    writeEverything(lab);
    await reconcile(lab);
    await sendLimited(lab);
    await lab.send(udp(11), 8);
    await expect.poll(() => counts(lab)).toMatchObject({ ends: 8, slow: 10, 'slow-together': 10 });
    await lab.send({ protocol: 6, destinationPort: 80 }, 5, 'veth1');
    await expect.poll(async () => (await counts(lab, 'veth1'))['(default)']).toBeGreaterThanOrEqual(5);
    const [before, audited] = [await counts(lab), await counts(lab, 'veth1')];

    // What looks, before anything was changed.
    await install(lab, 'new');
    expect(await counts(lab)).toMatchObject({ ends: 8, slow: 10, 'slow-together': 10 });
    expect((await status(lab)).interfaces).toMatchObject([{ name: 'veth0' }, { name: 'veth1' }]);
    await expectDecisions(lab);

    {
      await using traffic = await Traffic.flow(lab);
      await takeOver(lab);
      await traffic.unbroken();
    }
    await expectDecisions(lab);
    const after = await counts(lab);
    for (const [row, packets] of Object.entries(before))
      expect(after[row], row).toBeGreaterThanOrEqual(packets);
    expect(after).toMatchObject({ ends: 8, slow: 10, 'slow-together': 10 });
    expect(after['no-ping']).toBeGreaterThan(before['no-ping'] ?? 0);
    const audit = await counts(lab, 'veth1');
    for (const [row, packets] of Object.entries(audited))
      expect(audit[row], row).toBeGreaterThanOrEqual(packets);

    // Limits limit, and all counts on under the same names.
    await sendLimited(lab);
    await lab.send(udp(11), 8);
    await expect.poll(() => counts(lab)).toMatchObject({ ends: 16, slow: 20, 'slow-together': 20 });
    expect(document(await lab.run(['reconcile', '--deep', '--output', 'json']), 0)).toMatchObject({
      changed: false,
    });
  },
);
