// An interface is more than a name and a number: deleted and made again, renamed, moved, and its double elsewhere.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { createLab, type Lab } from '../lab.js';
import { must } from '../lab/exec.js';
import { ICMP_DROP, mapValues, reconcile, status, writeHost } from '../support/host.js';

async function converged(lab: Lab, name = 'veth0'): Promise<void> {
  writeHost(lab, { [name]: `mode: native, program: ${ICMP_DROP}` });
  await reconcile(lab);
}

describe('an interface that was deleted', () => {
  it('is attached to again under the same name, and its maps go on', async () => {
    await using lab = await createLab();
    await converged(lab);
    await lab.ping(3);
    await lab.exec('ip', 'link', 'del', 'veth0');
    await lab.exec('ip', 'link', 'add', 'spacer', 'type', 'veth', 'peer', 'name', 'spacer2'); // takes the old ifindex
    await lab.addPair(0);
    expect(await lab.ping(1)).toEqual({ sent: 1, received: 1 });

    const result = await reconcile(lab);
    expect(result.steps).toMatchObject([
      { action: 'attach', reason: 'the interface was deleted and made again', outcome: 'done' },
    ]);
    expect(await lab.ping(2)).toEqual({ sent: 2, received: 0 });
    expect(await mapValues(lab, 'veth0', 'icmp_drops')).toEqual([5]);
    expect(await reconcile(lab)).toMatchObject({ changed: false });
  });

  it('is missing until it comes back, and loses its pins when nobody wants it any more', async () => {
    await using lab = await createLab();
    await converged(lab);
    await lab.exec('ip', 'link', 'del', 'veth0');
    expect((await reconcile(lab, 12)).interfaces).toMatchObject([{ name: 'veth0', condition: 'Missing' }]);
    writeHost(lab, {});
    expect((await reconcile(lab)).steps).toMatchObject([{ interface: 'veth0', action: 'detach' }]);
    expect(existsSync(join(lab.bpffs, 'xdpkeep'))).toBe(false);
  });
});

describe('an interface that was renamed', () => {
  it('takes its pins, its link and its maps along', async () => {
    await using lab = await createLab();
    await converged(lab);
    const before = (await lab.netShow()).xdp[0]?.id;
    await lab.ping(3);
    await rename(lab, 'veth0', 'wan0');
    writeHost(lab, { wan0: `mode: native, program: ${ICMP_DROP}` });
    const result = await reconcile(lab);
    expect(result.steps).toMatchObject([
      { interface: 'wan0', action: 'update', gap: false, outcome: 'done' },
      { interface: 'wan0', action: 'none' },
    ]);
    expect((await lab.netShow()).xdp).toMatchObject([{ devname: 'wan0', mode: 'driver', id: before }]);
    expect(await mapValues(lab, 'wan0', 'icmp_drops')).toEqual([3]);
    expect(existsSync(join(lab.bpffs, 'xdpkeep/interfaces/veth0'))).toBe(false);
    expect(await reconcile(lab)).toMatchObject({ changed: false });
  });

  it('keeps its program while the file still has the old name', async () => {
    await using lab = await createLab();
    await converged(lab);
    await rename(lab, 'veth0', 'wan0');
    expect((await reconcile(lab, 12)).interfaces).toMatchObject([{ name: 'veth0', condition: 'Missing' }]);
    expect((await lab.netShow()).xdp).toMatchObject([{ devname: 'wan0' }]);
    const { others } = await status(lab);
    expect(others).toMatchObject([{ name: 'wan0', xdp: [{ mode: 'native', pinnedFor: 'veth0' }] }]);
    const { stdout } = await lab.run(['status']);
    expect(stdout).toMatch(/^ {2}wan0 ours, pinned for veth0: XDP native: program \d+ \(icmp_drop\)$/m);
    expect(stdout).not.toContain('foreign');
  });

  it.each([2, 3])('%i at once, in a ring: each keeps its own program and maps', async (count) => {
    await using lab = await createLab({ pairs: count });
    writeHost(lab, { 'veth*': `mode: native, program: ${ICMP_DROP}` });
    await reconcile(lab);
    for (let at = 0; at < count; at++) await lab.ping(at + 1, `veth${at}`);
    const before = new Map((await lab.netShow()).xdp.map(({ ifindex, id }) => [ifindex, id]));
    await rename(lab, 'veth0', 'spare');
    for (let at = 1; at < count; at++) await rename(lab, `veth${at}`, `veth${at - 1}`);
    await rename(lab, 'spare', `veth${count - 1}`);

    const killed = await lab.run(['reconcile'], { env: { XDPKEEP_FAILPOINT: 'verify:before' } });
    expect(killed.signal).toBe('SIGKILL');
    expect((await reconcile(lab)).steps.every(({ gap }) => !gap)).toBe(true);
    expect(new Map((await lab.netShow()).xdp.map(({ ifindex, id }) => [ifindex, id]))).toEqual(before);
    expect(await mapValues(lab, `veth${count - 1}`, 'icmp_drops')).toEqual([1]);
    expect(await mapValues(lab, 'veth0', 'icmp_drops')).toEqual([2]);
    expect((await status(lab)).interfaces.map(({ condition }) => condition)).toEqual(
      Array(count).fill('Ready'),
    );
    expect((await lab.run(['journal', 'verify'])).exitCode).toBe(0);
  });
});

async function rename(lab: Lab, from: string, to: string): Promise<void> {
  await lab.exec('ip', 'link', 'set', from, 'down');
  await lab.exec('ip', 'link', 'set', from, 'name', to);
}

describe('another network namespace', () => {
  it('with the same interface name, number and program is not taken for this one', async () => {
    await using here = await createLab();
    await using there = await createLab();
    expect(await there.ifindex('veth0')).toBe(await here.ifindex('veth0'));
    await converged(there);
    writeHost(here, { veth0: `mode: native, program: ${ICMP_DROP}` });
    expect((await status(here)).interfaces).toMatchObject([{ name: 'veth0', condition: 'Pending' }]);
    expect((await reconcile(here)).steps).toMatchObject([{ action: 'attach', reason: 'not attached' }]);
    expect(await here.ping(2)).toEqual({ sent: 2, received: 0 });
    expect(await mapValues(there, 'veth0', 'icmp_drops')).toEqual([0]);
    writeHost(here, {});
    await reconcile(here, 0, '--allow-prune-all');
    expect((await there.netShow()).xdp).toHaveLength(1);
  });

  it('that shares our pins is refused, and keeps its program', async () => {
    await using owner = await createLab();
    await using other = await createLab();
    await converged(owner);
    writeHost(other, { veth0: `mode: native, program: ${ICMP_DROP}` });
    const env = { XDPKEEP_BPFFS: owner.bpffs };
    const refused = await other.run(['reconcile', '--output', 'json'], { env });
    expect(refused.exitCode).toBe(14);
    const { changed, interfaces } = JSON.parse(refused.stdout) as Reconciliation;
    expect({ changed, interfaces }).toMatchObject({ changed: false, interfaces: [{ condition: 'Refused' }] });
    expect(interfaces[0]?.reason).toContain('another network namespace');
    expect((await other.netShow()).xdp).toEqual([]);
    expect((await owner.netShow()).xdp).toHaveLength(1);
    expect(await reconcile(owner)).toMatchObject({ changed: false });
  });

  it('that our interface moved to loses the program, and the new interface of that name gets it', async () => {
    await using lab = await createLab({ pairs: 2 });
    await converged(lab);
    await lab.exec('ip', 'link', 'set', 'veth0', 'netns', lab.network.outside);
    await lab.exec('ip', 'link', 'set', 'veth1', 'down');
    await lab.exec('ip', 'link', 'set', 'veth1', 'name', 'veth0');
    const result = await reconcile(lab);
    expect(result.steps).toMatchObject([{ interface: 'veth0', action: 'attach', outcome: 'done' }]);
    expect((await lab.netShow()).xdp).toMatchObject([
      { devname: 'veth0', ifindex: await lab.ifindex('veth0') },
    ]);
    const outside = await must('nsenter', [
      `--net=/var/run/netns/${lab.network.outside}`,
      'bpftool',
      '-j',
      'net',
      'show',
    ]);
    expect(JSON.parse(outside)).toMatchObject([{ xdp: [] }]);
  });
});
