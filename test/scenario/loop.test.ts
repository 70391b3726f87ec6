// The main job, as an operator sees it: attach, nothing to do, update, change of mode, prune.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLab } from '../lab.js';
import { ICMP_DROP, mapValues, OWN, ownProgram, reconcile, status, writeHost } from '../support/host.js';

describe('one interface', () => {
  it('is attached, left alone, updated, changed to generic and detached', async () => {
    await using lab = await createLab();
    await using conversation = await lab.converse();
    writeHost(lab, { veth0: `mode: native, program: ${ICMP_DROP}` });

    const dry = await reconcile(lab, 0, '--dry-run');
    expect(dry).toMatchObject({ dryRun: true, changed: true, generation: 0 });
    expect(dry.steps).toMatchObject([
      { interface: 'veth0', action: 'attach', gap: false, outcome: 'planned' },
    ]);
    expect((await lab.netShow()).xdp).toEqual([]);
    expect(existsSync(lab.dataDir)).toBe(false);
    expect(existsSync(join(lab.bpffs, 'xdpkeep'))).toBe(false);

    const first = await reconcile(lab);
    expect(first).toMatchObject({
      apiVersion: 'xdpkeep/v1',
      kind: 'Reconciliation',
      host: 'lab',
      generation: 1,
      changed: true,
      dryRun: false,
      steps: [{ interface: 'veth0', action: 'attach', reason: 'not attached', gap: false }],
      interfaces: [{ name: 'veth0', mode: 'native', condition: 'Ready' }],
    });
    const [attached] = first.interfaces;
    expect((await lab.netShow()).xdp).toEqual([
      { devname: 'veth0', ifindex: attached?.ifindex, mode: 'driver', id: attached?.programId },
    ]);
    expect(await lab.ping(4)).toEqual({ sent: 4, received: 0 });
    expect(await mapValues(lab, 'veth0', 'icmp_drops')).toEqual([4]);
    expect(await conversation.say('alive')).toBe('alive');

    const journal = readFileSync(join(lab.dataDir, 'journal.ndjson'));
    const second = await reconcile(lab);
    expect(second).toMatchObject({ changed: false, generation: 1, interfaces: first.interfaces });
    expect(second.steps).toMatchObject([{ action: 'none', reason: 'in sync' }]);
    expect(readFileSync(join(lab.dataDir, 'journal.ndjson'))).toEqual(journal);

    lab.writeState({ 'programs/own.bpf.c': ownProgram('extra') });
    writeHost(lab, { veth0: `mode: native, program: ${OWN}` });
    const update = await reconcile(lab);
    expect(update.steps).toMatchObject([
      {
        action: 'update',
        gap: false,
        outcome: 'done',
        maps: { carried: ['icmp_drops'], fresh: [{ name: 'extra' }] },
      },
    ]);
    expect(update.interfaces).toMatchObject([{ linkId: attached?.linkId, condition: 'Ready' }]);
    expect(update.interfaces[0]?.programId).not.toBe(attached?.programId);
    expect(await lab.ping(4)).toEqual({ sent: 4, received: 0 });
    expect(await mapValues(lab, 'veth0', 'icmp_drops')).toEqual([8]);
    expect(await mapValues(lab, 'veth0', 'extra')).toEqual([4, 0, 0, 0]);

    writeHost(lab, { veth0: `mode: generic, program: ${OWN}` });
    const mode = await reconcile(lab);
    expect(mode.steps).toMatchObject([{ action: 'update', gap: true, outcome: 'done' }]);
    expect((await lab.netShow()).xdp).toMatchObject([{ mode: 'generic' }]);
    expect(await mapValues(lab, 'veth0', 'icmp_drops')).toEqual([8]);

    writeHost(lab, {});
    expect((await reconcile(lab, 0, '--allow-prune-all')).steps).toMatchObject([
      { interface: 'veth0', action: 'detach', outcome: 'done' },
    ]);
    expect((await lab.netShow()).xdp).toEqual([]);
    expect(existsSync(join(lab.bpffs, 'xdpkeep'))).toBe(false);
    expect(await lab.ping(4)).toEqual({ sent: 4, received: 4 });
    expect(await conversation.say('still')).toBe('still');
  });

  it('falls back from native to generic in mode auto, and says that it is degraded', async () => {
    await using lab = await createLab();
    // veth refuses native XDP while the peer's MTU does not fit into one page.
    await lab.execOutside('ip', 'link', 'set', lab.pair('veth0').peer, 'mtu', '9000');
    await lab.exec('ip', 'link', 'set', 'veth0', 'mtu', '9000');
    writeHost(lab, { veth0: `mode: native, program: ${ICMP_DROP}` });
    const refused = await reconcile(lab, 12);
    expect(refused.interfaces).toMatchObject([{ condition: 'Failed' }]);
    expect(refused.steps[0]?.hint).toContain('MTU');
    expect((await lab.netShow()).xdp).toEqual([]);
    expect(existsSync(join(lab.bpffs, 'xdpkeep'))).toBe(false);

    writeHost(lab, { veth0: `mode: auto, program: ${ICMP_DROP}` });
    const why = expect.stringMatching(/attach XDP \(native\).*driver veth.*MTU/) as string;
    const degraded = { mode: 'generic', condition: 'Degraded', reason: why };
    const applied = await reconcile(lab);
    expect(applied.interfaces).toMatchObject([degraded]);
    expect(applied.steps).toMatchObject([{ attached: { mode: 'generic', fellBackBecause: why } }]);
    // Whoever looks later is told as well: another pass, a plan, status, doctor, the journal.
    expect(await reconcile(lab)).toMatchObject({ changed: false, interfaces: [degraded] });
    expect(await reconcile(lab, 0, '--dry-run')).toMatchObject({ interfaces: [degraded] });
    const told = await status(lab);
    expect(told.interfaces).toMatchObject([degraded]);
    expect(told.conditions).toContainEqual(
      expect.objectContaining({ type: 'Degraded', reason: 'FellBack', message: why }),
    );
    expect((await lab.run(['journal', 'show'])).stdout).toMatch(/native was refused: .*MTU/);
    await lab.execOutside('ip', 'link', 'set', lab.pair('veth0').peer, 'mtu', '1500');
    await lab.exec('ip', 'link', 'set', 'veth0', 'mtu', '1500');
    expect((await lab.run(['doctor'])).stdout).toMatch(/mode auto fell back to generic: .*MTU 9000/);
    expect(await lab.ping(2)).toEqual({ sent: 2, received: 0 });
  });

  it('does not pay for a change of mode that just failed with another gap, unless it is asked to', async () => {
    await using lab = await createLab();
    const mtu = (size: string) => lab.execOutside('ip', 'link', 'set', lab.pair('veth0').peer, 'mtu', size);
    await mtu('9000');
    writeHost(lab, { veth0: `mode: generic, program: ${ICMP_DROP}` });
    await reconcile(lab);
    writeHost(lab, { veth0: `mode: native, program: ${ICMP_DROP}` });
    expect((await reconcile(lab, 12)).steps).toMatchObject([
      { action: 'update', gap: true, outcome: 'failed' },
    ]);
    const kept = (await lab.netShow()).xdp;
    expect(kept).toMatchObject([{ mode: 'generic' }]);
    expect((await reconcile(lab, 12)).steps).toMatchObject([
      { action: 'none', gap: false, outcome: 'failed' },
    ]);
    expect((await lab.netShow()).xdp).toEqual(kept);
    await mtu('1500');
    expect((await reconcile(lab, 0, '--retry')).interfaces).toMatchObject([
      { mode: 'native', condition: 'Ready' },
    ]);
  });

  it('exits 2 for changes, pending or made, when asked to', async () => {
    await using lab = await createLab();
    writeHost(lab, { veth0: `program: ${ICMP_DROP}` });
    await reconcile(lab, 2, '--dry-run', '--detailed-exitcode');
    await reconcile(lab, 2, '--detailed-exitcode');
    await reconcile(lab, 0, '--detailed-exitcode');
    await reconcile(lab, 0, '--dry-run', '--detailed-exitcode');
  });
});

describe('several interfaces', () => {
  it('share patterns, keep their own maps, and one that fails does not stop the others', async () => {
    await using lab = await createLab({ pairs: 3 });
    writeHost(lab, {
      'veth*': `mode: native, program: ${ICMP_DROP}`,
      veth1: `mode: generic, program: ${ICMP_DROP}`,
      ppp0: `program: ${ICMP_DROP}`,
      'tun*': `program: ${ICMP_DROP}`,
    });
    const result = await reconcile(lab, 12);
    expect(result.interfaces).toMatchObject([
      { name: 'ppp0', condition: 'Missing' },
      { name: 'veth0', mode: 'native', condition: 'Ready' },
      { name: 'veth1', mode: 'generic', condition: 'Ready' },
      { name: 'veth2', mode: 'native', condition: 'Ready' },
    ]);
    expect(result.warnings).toEqual([expect.stringContaining('"tun*" matches no interface')]);
    expect((await lab.netShow()).xdp).toHaveLength(3);
    expect(await lab.ping(3, 'veth2')).toEqual({ sent: 3, received: 0 });
    expect(await mapValues(lab, 'veth2', 'icmp_drops')).toEqual([3]);
    expect(await mapValues(lab, 'veth0', 'icmp_drops')).toEqual([0]);
  });

  it('with dots in their names are kept like the others', async () => {
    await using lab = await createLab();
    await lab.exec('ip', 'link', 'add', 'veth0.100', 'type', 'veth', 'peer', 'name', 'other');
    writeHost(lab, { 'veth0.100': `mode: generic, program: ${ICMP_DROP}` });
    expect((await reconcile(lab)).interfaces).toMatchObject([{ name: 'veth0.100', condition: 'Ready' }]);
    expect(await reconcile(lab)).toMatchObject({ changed: false });
    expect((await status(lab)).interfaces).toMatchObject([{ name: 'veth0.100', condition: 'Ready' }]);
  });
});
