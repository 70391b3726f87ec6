// Programs of one's own with their maps, the builtin, and one that was taken over from somebody else.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { document, ICMP_DROP, mapValues, OWN, ownProgram, reconcile, writeHost } from '../support/host.js';
import { running } from '../support/trials.js';
import { createOldLab, LONG, takeOver } from './installed.js';
import { Traffic } from './traffic.js';

it(
  'maps go on, whoever wrote into them, and are carried to the next program',
  { timeout: LONG },
  async () => {
    await using lab = await createOldLab({ pairs: 2 });
    const interfaces = {
      veth0: `mode: native, program: ${OWN}`,
      veth1: `mode: generic, program: ${ICMP_DROP}`,
    };
    lab.writeState({ 'programs/own.bpf.c': ownProgram('extra') });
    writeHost(lab, interfaces);
    const before = await reconcile(lab);
    expect((await lab.ping(4)).received).toBe(0);
    expect((await lab.ping(3, 'veth1')).received).toBe(0);
    expect(await mapValues(lab, 'veth0', 'icmp_drops')).toEqual([4]);
    const instance = join(lab.bpffs, 'xdpkeep/interfaces/veth0', before.interfaces[0]?.digest ?? '');
    const key = ['key', '2', '0', '0', '0', 'value', '7', '0', '0', '0', '0', '0', '0', '0'];
    await lab.exec('bpftool', 'map', 'update', 'pinned', join(instance, 'maps/extra'), ...key);

    await using traffic = await Traffic.flow(lab);
    await takeOver(lab);
    expect((await mapValues(lab, 'veth0', 'icmp_drops'))[0]).toBeGreaterThan(4);
    expect((await mapValues(lab, 'veth0', 'extra')).slice(1)).toEqual([0, 7, 0]);
    expect(await mapValues(lab, 'veth1', 'icmp_drops')).toEqual([3]);

    // The next program: the map that stayed the same is carried over, the other one begins afresh.
    lab.writeState({ 'programs/own.bpf.c': ownProgram('other') });
    const { steps } = await reconcile(lab);
    expect(steps.filter(({ action }) => action !== 'none')).toMatchObject([
      { interface: 'veth0', action: 'update', gap: false, maps: { carried: ['icmp_drops'] } },
    ]);
    await traffic.unbroken();
    expect((await mapValues(lab, 'veth0', 'icmp_drops'))[0]).toBeGreaterThan(4);

    document(await lab.run(['rollback', '1', '--output', 'json']), 0);
    expect((await mapValues(lab, 'veth0', 'icmp_drops'))[0]).toBeGreaterThan(4);
    expect((await lab.ping(2)).received).toBe(0);
  },
);

it('a program that was taken over is still there to be given back', { timeout: LONG }, async () => {
  await using lab = await createOldLab();
  writeHost(lab, {});
  await reconcile(lab);
  const stranger = await lab.attachForeign('veth0', 'xdpgeneric');
  writeHost(lab, { veth0: `mode: native, foreign: replace, program: ${ICMP_DROP}` });
  await reconcile(lab);
  expect(await running(lab)).not.toBe(stranger);
  await takeOver(lab);
  writeHost(lab, {});
  await reconcile(lab, 0, '--allow-prune-all');
  const { xdp } = await lab.netShow();
  expect(xdp).toMatchObject([{ devname: 'veth0', mode: 'generic', id: stranger }]);
});
