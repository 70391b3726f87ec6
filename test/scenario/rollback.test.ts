// Going back, staying there, and going on again.
import { chmodSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import {
  document,
  ICMP_DROP,
  mapValues,
  OWN,
  ownProgram,
  reconcile,
  status,
  writeHost,
} from '../support/host.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';

const rollback = async (lab: Lab, ...args: string[]) =>
  document<Reconciliation>(await lab.run(['rollback', '--output', 'json', ...args]), 0);

/** Generation 1: the builtin; generation 2: a program of one's own. */
async function twoGenerations(lab: Lab): Promise<[string, string]> {
  writeHost(lab, { veth0: `mode: native, program: ${ICMP_DROP}` });
  const first = await reconcile(lab);
  lab.writeState({ 'programs/own.bpf.c': ownProgram('extra') });
  writeHost(lab, { veth0: `mode: native, program: ${OWN}` });
  const second = await reconcile(lab);
  return [first.interfaces[0]?.digest ?? '', second.interfaces[0]?.digest ?? ''];
}

it('a rollback is a new generation, sticks, and ends when the state files change or resume says so', async () => {
  await using lab = await createLab();
  const [first, second] = await twoGenerations(lab);
  expect(second).not.toBe(first);
  await lab.ping(3);

  const back = await rollback(lab, '--reason', 'second was wrong');
  expect(back).toMatchObject({
    generation: 3,
    changed: true,
    hold: { generation: 1, reason: 'second was wrong' },
  });
  expect(back.interfaces).toMatchObject([{ digest: first, condition: 'Ready' }]);
  expect(back.steps).toMatchObject([{ action: 'update', gap: false, maps: { carried: ['icmp_drops'] } }]);
  expect(await mapValues(lab, 'veth0', 'icmp_drops')).toEqual([3]);

  const held = await reconcile(lab, 13);
  expect(held).toMatchObject({ changed: false, generation: 3, interfaces: [{ digest: first }] });
  expect((await status(lab)).hold).toMatchObject({ generation: 1 });

  // Under a hold the older state is enforced, not forgotten.
  await lab.exec('rm', '-r', join(lab.bpffs, 'xdpkeep'));
  expect(await reconcile(lab, 13)).toMatchObject({
    changed: true,
    interfaces: [{ digest: first, condition: 'Ready' }],
  });

  expect((await lab.run(['resume'])).exitCode).toBe(0);
  expect(await reconcile(lab)).toMatchObject({
    changed: true,
    generation: 4,
    interfaces: [{ digest: second }],
  });

  await rollback(lab);
  writeHost(lab, { veth0: `mode: generic, program: ${OWN}` });
  expect(await reconcile(lab)).toMatchObject({ interfaces: [{ digest: second, mode: 'generic' }] });
  expect((await status(lab)).hold).toBeUndefined();

  const { generations } = document<{ generations: { number: number; origin: string; of: number }[] }>(
    await lab.run(['history', '--output', 'json']),
    0,
  );
  expect(generations.map(({ number, origin, of }) => [number, origin, of])).toEqual([
    [1, 'reconcile', 1],
    [2, 'reconcile', 2],
    [3, 'rollback', 1],
    [4, 'reconcile', 4],
    [5, 'rollback', 1],
    [6, 'reconcile', 6],
  ]);
  expect((await lab.run(['journal', 'verify'])).exitCode).toBe(0);
});

it('a rollback needs no state files, and so no compiler', async () => {
  await using lab = await createLab();
  const [, second] = await twoGenerations(lab);
  await rollback(lab, '1');
  await lab.exec('rm', '-r', lab.state);
  const forward = await lab.run(['rollback', '2', '--output', 'json']);
  expect(document(forward, 0)).toMatchObject({
    generation: 4,
    interfaces: [{ digest: second, condition: 'Ready' }],
  });
});

it('rolling back twice goes back two states, to nothing at last', async () => {
  await using lab = await createLab();
  const [first] = await twoGenerations(lab);
  expect((await rollback(lab)).interfaces).toMatchObject([{ digest: first }]);
  expect(await rollback(lab)).toMatchObject({
    generation: 4,
    hold: { generation: 0 },
    steps: [{ action: 'detach' }],
  });
  expect((await lab.netShow()).xdp).toEqual([]);
  expect(await reconcile(lab, 13)).toMatchObject({ changed: false });
  expect((await lab.run(['rollback'])).exitCode).toBe(64);
});

it('detach --all leaves nothing, asks for a reason, and holds', async () => {
  await using lab = await createLab({ pairs: 2 });
  writeHost(lab, { 'veth*': `program: ${ICMP_DROP}` });
  await reconcile(lab);
  expect((await lab.run(['detach', '--all'])).exitCode).toBe(64);
  expect((await lab.run(['detach', '--reason', 'x'])).exitCode).toBe(64);
  const gone = document(await lab.run(['detach', '--all', '--reason', 'incident 7', '--output', 'json']), 0);
  expect(gone).toMatchObject({
    changed: true,
    steps: [{ action: 'detach' }, { action: 'detach' }],
    interfaces: [],
  });
  expect((await lab.netShow()).xdp).toEqual([]);
  expect(readdirSync(lab.bpffs)).not.toContain('xdpkeep');
  expect((await lab.run(['journal', 'show'])).stdout).toContain('incident 7');
  expect(await reconcile(lab, 13)).toMatchObject({ changed: false });
  expect((await lab.run(['resume'])).exitCode).toBe(0);
  expect(await reconcile(lab)).toMatchObject({ changed: true });
});

it('detach --all works without a data directory and without state files', async () => {
  await using lab = await createLab();
  writeHost(lab, { veth0: `program: ${ICMP_DROP}` });
  await reconcile(lab);
  await lab.exec('rm', '-r', lab.dataDir, lab.state);
  expect((await lab.run(['detach', '--all', '--reason', 'clean'])).exitCode).toBe(0);
  expect((await lab.netShow()).xdp).toEqual([]);
  expect(existsSync(join(lab.bpffs, 'xdpkeep'))).toBe(false);
});

it('sticks when the state file says the same in other words, or the release makes another object of it', async () => {
  await using lab = await createLab();
  await twoGenerations(lab);
  // Wanted differently, run the same: nothing to do, but a state of its own to roll back from.
  writeHost(lab, { veth0: `mode: auto, program: ${OWN}` });
  expect(await reconcile(lab)).toMatchObject({ changed: false, generation: 3 });
  await rollback(lab, '1');
  expect(await reconcile(lab, 13)).toMatchObject({ changed: false });

  // What a compiler update does: the same source, another object.
  await lab.exec('rm', '-r', join(lab.dataDir, 'objects/compiled'));
  chmodSync(lab.directory, 0o755); // the compiler is run by nobody
  const wrapper = join(lab.directory, 'clang');
  writeFileSync(wrapper, '#!/bin/sh\nexec /usr/bin/clang -DANOTHER_RELEASE -gdwarf-4 "$@"\n', {
    mode: 0o755,
  });
  const env = { PATH: `${lab.directory}:/usr/sbin:/usr/bin:/sbin:/bin` };
  expect((await lab.run(['reconcile'], { env })).exitCode).toBe(13);
  lab.writeState({ 'programs/own.bpf.c': ownProgram('another') });
  expect(await reconcile(lab)).toMatchObject({ changed: true });
});

it('that cannot be done leaves no hold', async () => {
  await using lab = await createLab();
  const [, second] = await twoGenerations(lab);
  const objects = join(lab.dataDir, 'objects');
  for (const name of readdirSync(objects).filter((one) => one.endsWith('.o'))) rmSync(join(objects, name));
  expect((await lab.run(['rollback'])).exitCode).toBe(74);
  expect(await reconcile(lab)).toMatchObject({ changed: false, interfaces: [{ digest: second }] });
});

it('names the generation whose content it repeats, and passes over those that never ran', async () => {
  await using lab = await createLab();
  const [first, second] = await twoGenerations(lab);
  writeHost(lab, { veth0: `mode: offload, program: ${ICMP_DROP}` }); // no veth can do that
  await reconcile(lab, 12);
  writeHost(lab, { veth0: `mode: generic, program: ${OWN}` });
  expect(await reconcile(lab)).toMatchObject({ generation: 4 });
  expect((await rollback(lab)).interfaces).toMatchObject([{ digest: second, mode: 'native' }]);
  writeHost(lab, { veth0: `mode: auto, foreign: replace, program: ${ICMP_DROP}` });
  expect(await reconcile(lab)).toMatchObject({ generation: 6 });
  expect(await rollback(lab)).toMatchObject({ generation: 7, hold: { generation: 2 } });
  expect((await rollback(lab)).interfaces).toMatchObject([{ digest: first }]);
});

it('a damaged generation stops neither reconcile, status, detach nor the way to an older one', async () => {
  await using lab = await createLab();
  const [first] = await twoGenerations(lab);
  writeFileSync(join(lab.dataDir, 'generations/2/generation.json'), '{');
  expect(await reconcile(lab)).toMatchObject({ changed: false, generation: 3 });
  expect((await status(lab)).interfaces).toMatchObject([{ condition: 'Ready' }]);
  expect((await lab.run(['rollback', '2'])).exitCode).toBe(74);
  expect((await rollback(lab, '1')).interfaces).toMatchObject([{ digest: first }]);
  writeFileSync(join(lab.dataDir, 'hold.json'), '{');
  expect((await lab.run(['reconcile'])).exitCode).toBe(74);
  expect((await lab.run(['status'])).exitCode).toBe(0);
  expect((await lab.run(['detach', '--all', '--reason', 'damage'])).exitCode).toBe(0);
  writeFileSync(join(lab.dataDir, 'hold.json'), '{');
  expect((await lab.run(['resume'])).exitCode).toBe(0);
  expect((await reconcile(lab)).interfaces).toMatchObject([{ condition: 'Ready' }]);
});
