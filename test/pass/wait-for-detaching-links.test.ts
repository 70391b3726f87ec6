// A link whose pin is gone, and which the kernel has not let go yet: kept so here by a descriptor, for as long as a test
// needs. What was attached through it is waited for; what only looks like it is not, or not for ever.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { readSoundJournal } from '../../src/journal/read.js';
import { openPin } from '../../src/kernel/pinned.js';
import { pinsOf } from '../../src/kernel/pins.js';
import { waitForDetachingLinks } from '../../src/pass/wait-for-detaching-links.js';
import type { ObservedState } from '../../src/model/observed.js';
import { observe } from '../../src/observe/observe.js';
import { createLab, type Lab } from '../lab.js';
import { ICMP_DROP, writeHost } from '../support/host.js';
import { pass } from '../support/pass.js';
import { writePolicy } from '../support/policies.js';

const ours = (lab: Lab) => join(lab.bpffs, 'xdpkeep');
const attached = ({ interfaces }: ObservedState) => interfaces.flatMap(({ xdp }) => xdp);

/** What is seen, and what is seen after waiting for what leaves; `meanwhile` is begun when the first look is over. */
async function looks(lab: Lab, meanwhile: () => Promise<void>) {
  return lab.inside(async () => {
    const { bpffs, dataDir } = lab;
    let again = 0;
    const look = () => {
      again += 1;
      return observe({ bpffs });
    };
    const seen = await observe({ bpffs });
    const { records } = readSoundJournal(dataDir);
    const [after] = await Promise.all([
      waitForDetachingLinks(seen, { dataDir, pins: pinsOf(bpffs), observe: look }, records),
      meanwhile(),
    ]);
    return { seen, after, again };
  });
}

it.each([
  ['the pin of the link', 'interfaces/veth0/link'],
  ['everything of ours', ''],
])('%s was removed: what it held is waited for', async (_what, path) => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [{ name: 'no-ping', match: { protocol: 'icmp' }, action: 'drop' }] });
  await pass(lab);
  const held = openPin(join(ours(lab), 'interfaces/veth0/link'));
  rmSync(join(ours(lab), path), { recursive: true });
  const { seen, after, again } = await looks(lab, async () => {
    await sleep(20);
    held?.[Symbol.dispose]();
  });
  expect(attached(seen)).toMatchObject([{ programName: 'firewall' }]);
  expect(attached(after)).toEqual([]);
  expect(again).toBe(1);
  expect(await pass(lab)).toMatchObject({
    steps: [{ action: 'attach', drift: 'detached', outcome: 'done' }],
  });
});

it('one that somebody holds is not waited for in vain, and neither is what we never attached', async () => {
  await using lab = await createLab({ pairs: 2 });
  writeHost(lab, { veth0: `program: ${ICMP_DROP}` });
  await pass(lab);
  await lab.attachForeign('veth1'); // of the same name, on an interface that we had nothing on
  const idle = () => Promise.resolve();
  const before = await looks(lab, idle);
  expect(before).toMatchObject({ again: 0 });
  expect(before.after).toBe(before.seen);

  using _held = openPin(join(ours(lab), 'interfaces/veth0/link'));
  rmSync(ours(lab), { recursive: true });
  const { seen, after, again } = await looks(lab, idle);
  expect(attached(seen)).toHaveLength(2);
  expect(after).toBe(seen);
  expect(again).toBe(0);
  expect(await pass(lab)).toMatchObject({ interfaces: [{ name: 'veth0', condition: 'Refused' }] });
});
