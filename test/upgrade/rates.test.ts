// Rates that the old build recorded mean what they meant, whatever the same words would mean in a state file of today.
import { expect, it } from 'vitest';
import type { Cidr } from '../../src/addresses/cidr.js';
import type { Lab } from '../lab.js';
import { reconcile } from '../support/host.js';
import { counts, writePolicy } from '../support/policies.js';
import { createOldLab, install, links, LONG } from './installed.js';

const udp = { protocol: 'udp', destinationPort: 9 };
const tcp = { protocol: 'tcp', destinationPort: 99 };
const each = { name: 'each', match: udp, rateLimit: { packetsPerSecond: 1, burst: 1, per: 'source' } };
const late = { name: 'late', match: tcp, rateLimit: { packetsPerSecond: 1, burst: 4 }, action: 'pass' };
const EACH = { ...each, action: 'drop' };

const neighbor = (d: number): Cidr => ({ family: 6, a: 0x20010db8, b: 0, c: 0, d, length: 128 });

/** Each address has a bucket of its own, and `late` passes what is above its rate: so the old build meant it. */
async function expectOldMeaning(lab: Lab): Promise<void> {
  const before = await counts(lab);
  const more = async (row: string) => ((await counts(lab))[row] ?? 0) - (before[row] ?? 0);
  for (let d = 1; d <= 20; d++) await lab.send({ protocol: 17, destinationPort: 9, source: neighbor(d) }, 1);
  await lab.send({ protocol: 6, destinationPort: 99 }, 30);
  await expect.poll(() => more('late')).toBeGreaterThanOrEqual(24);
  expect(await more('each')).toBe(0);
  expect(await more('late')).toBeLessThanOrEqual(26);
}

it(
  'what runs and what is restored keeps its meaning; files that would mean another thing are refused',
  { timeout: LONG },
  async () => {
    await using lab = await createOldLab();
    writePolicy(lab, { default: 'drop', rules: [EACH, late] });
    await reconcile(lab);
    await expectOldMeaning(lab);
    const before = await links(lab);

    await install(lab, 'new');
    const refused = await lab.run(['reconcile']);
    expect(refused.exitCode).toBe(65);
    expect(refused.stderr).toMatch(/policies\/edge\.yaml:\d+:\d+/);
    for (const word of ['when: below', 'when: above']) expect(refused.stderr).toContain(word);
    expect(await links(lab)).toEqual(before);
    await new Promise((resolve) => setTimeout(resolve, 5000)); // buckets fill again
    await expectOldMeaning(lab);

    // The program of this build, with tables of this build, from the record.
    expect((await lab.run(['restore'])).exitCode).toBe(0);
    await expectOldMeaning(lab);
    expect(await links(lab)).toEqual(before);

    // With the word the files mean the same; and `each` is now about a /64.
    writePolicy(lab, {
      default: 'drop',
      rules: [EACH, { ...late, rateLimit: { ...late.rateLimit, when: 'above' } }],
    });
    await reconcile(lab);
    const { each: dropped = 0 } = await counts(lab);
    for (let d = 1; d <= 20; d++)
      await lab.send({ protocol: 17, destinationPort: 9, source: neighbor(d) }, 1);
    await expect.poll(async () => (await counts(lab))['each']).toBeGreaterThan(dropped);
  },
);
