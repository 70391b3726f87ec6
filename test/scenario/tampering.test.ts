// Pins that somebody removed, added or exchanged by hand: healed without touching what runs, or said, one by one.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { must } from '../lab/exec.js';
import { ICMP_DROP, mapValues, reconcile, status, writeHost } from '../support/host.js';

async function converged(lab: Lab): Promise<{ program: number; link: number; digest: string }> {
  writeHost(lab, { 'veth*': `mode: native, program: ${ICMP_DROP}` });
  const [first] = (await reconcile(lab)).interfaces;
  return { program: first?.programId ?? 0, link: first?.linkId ?? 0, digest: first?.digest ?? '' };
}

const pins = (lab: Lab, name = 'veth0') => join(lab.bpffs, 'xdpkeep/interfaces', name);

it('a map pin comes back, with the same map behind the same program', async () => {
  await using lab = await createLab();
  const { program, link, digest } = await converged(lab);
  await lab.ping(3);
  await must('rm', [join(pins(lab), digest, 'maps/icmp_drops')]);
  expect((await status(lab)).interfaces).toMatchObject([{ condition: 'Drifted' }]);
  const healed = await reconcile(lab);
  expect(healed.steps).toMatchObject([{ action: 'update', gap: false, outcome: 'done' }]);
  expect(healed.interfaces).toMatchObject([{ programId: program, linkId: link, condition: 'Ready' }]);
  expect(await mapValues(lab, 'veth0', 'icmp_drops')).toEqual([3]);
  expect(await reconcile(lab)).toMatchObject({ changed: false });
});

it('a program pin comes back as a new instance that keeps its maps', async () => {
  await using lab = await createLab();
  const { link, digest } = await converged(lab);
  await lab.ping(3);
  await must('rm', [join(pins(lab), digest, 'program')]);
  expect((await reconcile(lab)).interfaces).toMatchObject([{ linkId: link, digest, condition: 'Ready' }]);
  expect(await mapValues(lab, 'veth0', 'icmp_drops')).toEqual([3]);
  expect(await reconcile(lab)).toMatchObject({ changed: false });
});

it('a link pin, or all pins, that were removed detach: the next pass attaches', async () => {
  await using lab = await createLab();
  await converged(lab);
  for (const path of [join(pins(lab), 'link'), join(lab.bpffs, 'xdpkeep')]) {
    await must('rm', ['-r', path]);
    await expect.poll(async () => (await lab.netShow()).xdp).toEqual([]);
    expect((await reconcile(lab)).interfaces).toMatchObject([{ condition: 'Ready' }]);
    expect(await lab.ping(1)).toEqual({ sent: 1, received: 0 });
  }
});

it('a pin that is not ours fails its interface alone, and goes with detach --all', async () => {
  await using lab = await createLab({ pairs: 2 });
  const { program } = await converged(lab);
  await must('bpftool', ['prog', 'pin', 'id', String(program), join(pins(lab), 'stray')]);
  const result = await reconcile(lab, 12);
  expect(result.interfaces).toMatchObject([
    { name: 'veth0', condition: 'Failed' },
    { name: 'veth1', condition: 'Ready' },
  ]);
  expect(result.interfaces[0]?.reason).toContain('stray');
  expect(await lab.ping(1)).toEqual({ sent: 1, received: 0 });
  expect((await lab.run(['detach', '--all', '--reason', 'stray pin'])).exitCode).toBe(0);
  expect((await lab.netShow()).xdp).toEqual([]);
  expect(existsSync(join(lab.bpffs, 'xdpkeep'))).toBe(false);
});

it('two link pins that were exchanged find back to their interfaces', async () => {
  await using lab = await createLab({ pairs: 2 });
  await converged(lab);
  const before = (await lab.netShow()).xdp;
  const [a, b, spare] = [
    join(pins(lab, 'veth0'), 'link'),
    join(pins(lab, 'veth1'), 'link'),
    join(lab.bpffs, 'spare'),
  ];
  await must('mv', [a, spare]);
  await must('mv', [b, a]);
  await must('mv', [spare, b]);
  await reconcile(lab);
  expect(await reconcile(lab)).toMatchObject({ changed: false });
  expect((await lab.netShow()).xdp.map(({ ifindex }) => ifindex)).toEqual(
    before.map(({ ifindex }) => ifindex),
  );
  expect((await status(lab)).interfaces.map(({ condition }) => condition)).toEqual(['Ready', 'Ready']);
  expect(readdirSync(pins(lab)).length).toBe(2);
});
