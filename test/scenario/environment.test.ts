// The machine is not as it should be: no directories, no bpffs, an interface that is down. What can be made is made,
// what cannot is said together with the way out, and nothing is touched meanwhile.
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { createLab, type Lab } from '../lab.js';
import type { Finished } from '../lab/exec.js';
import { reconcileApart } from '../support/command.js';
import { document, ICMP_DROP, mapValues, reconcile, writeHost } from '../support/host.js';

const VETH0 = { veth0: `mode: native, program: ${ICMP_DROP}` };

describe('the data directory', () => {
  it('is made with its parents, for root alone', async () => {
    await using lab = await createLab();
    writeHost(lab, VETH0);
    const dataDir = join(lab.directory, 'var/lib/xdpkeep');
    const env = { XDPKEEP_DATA_DIR: dataDir };
    expect(await lab.run(['reconcile'], { env })).toMatchObject({ exitCode: 0 });
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    expect(await lab.run(['journal', 'verify'], { env })).toMatchObject({ exitCode: 0 });
  });

  it('that is a file is refused', async () => {
    await using lab = await createLab();
    writeHost(lab, VETH0);
    const env = { XDPKEEP_DATA_DIR: join(lab.state, 'hosts/lab.yaml') };
    const refused = await lab.run(['reconcile'], { env });
    expect(refused).toMatchObject({ exitCode: 78 });
    expect(refused.stderr).toContain('--data-dir');
    expect((await lab.netShow()).xdp).toEqual([]);
  });
});

describe('the bpffs', () => {
  it.each(['absent', 'plain'])('named with --bpffs has to be one: %s', async (name) => {
    await using lab = await createLab();
    writeHost(lab, VETH0);
    mkdirSync(join(lab.directory, 'plain'));
    const bpffs = join(lab.directory, name);
    const refused = await lab.run(['reconcile', '--bpffs', bpffs]);
    expect(refused).toMatchObject({ exitCode: 78, stdout: '' });
    expect(refused.stderr).toContain(`${bpffs} is not a bpffs`);
    expect(refused.stderr).toContain(`mount -t bpf bpf ${bpffs}`);
    expect((await lab.netShow()).xdp).toEqual([]);
    expect(existsSync(join(lab.dataDir, 'journal.ndjson'))).toBe(false);
  });

  it('of the system is mounted where it is missing', async () => {
    await using lab = await createLab();
    writeHost(lab, VETH0);
    // The first process of a PID namespace: it shares its mounts with "init".
    const init = ['--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];
    const { exitCode, stdout, stderr } = await withoutBpffs(lab, init, 'findmnt -no FSTYPE /sys/fs/bpf >&2');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: 'bpf' });
    expect((JSON.parse(stdout) as Reconciliation).interfaces).toMatchObject([{ condition: 'Ready' }]);
  });

  it('of the system is not mounted where the mount would not last', async () => {
    await using lab = await createLab();
    writeHost(lab, VETH0);
    const refused = await withoutBpffs(lab, ['--mount'], 'true');
    expect(refused).toMatchObject({ exitCode: 78 });
    expect(refused.stderr).toContain('would vanish with this process');
    expect(refused.stderr).toContain('help: Run `mount -t bpf bpf /sys/fs/bpf` outside');
    expect((await lab.netShow()).xdp).toEqual([]);
  });
});

/** Runs reconcile, and then `after`, in new namespaces (of `unshare`) without the bpffs of the system. */
function withoutBpffs(lab: Lab, namespaces: string[], after: string): Promise<Finished> {
  const script = `while umount /sys/fs/bpf 2>/dev/null; do :; done; "$@" && { ${after}; }`;
  return reconcileApart(lab, namespaces, script);
}

it('an interface that is down is attached to, and filtered from the moment it is up', async () => {
  await using lab = await createLab();
  writeHost(lab, VETH0);
  await lab.exec('ip', 'link', 'set', 'veth0', 'down');
  expect((await reconcile(lab)).interfaces).toMatchObject([{ name: 'veth0', condition: 'Ready' }]);
  await lab.exec('ip', 'link', 'set', 'veth0', 'up');
  expect(await lab.ping(2)).toEqual({ sent: 2, received: 0 });
  expect(await mapValues(lab, 'veth0', 'icmp_drops')).toEqual([2]);
  expect(await reconcile(lab)).toMatchObject({ changed: false });
});

it('an interface that is absent is missing, the others converge; it is attached to when it appears', async () => {
  await using lab = await createLab();
  writeHost(lab, { veth1: `program: ${ICMP_DROP}`, ...VETH0 });
  const dry = await reconcile(lab, 12, '--dry-run');
  expect(dry.steps).toMatchObject([{ interface: 'veth1' }, { interface: 'veth0', outcome: 'planned' }]);
  const rows = [
    { name: 'veth0', condition: 'Ready' },
    { name: 'veth1', condition: 'Missing', reason: 'the interface does not exist' },
  ];
  expect((await reconcile(lab, 12)).interfaces).toMatchObject(rows);
  const again = await lab.run(['reconcile', '--output', 'json']);
  expect(document<Reconciliation>(again, 12)).toMatchObject({ changed: false, interfaces: rows });
  await lab.addPair(1);
  expect(await reconcile(lab)).toMatchObject({
    generation: 1,
    interfaces: [{ condition: 'Ready' }, { name: 'veth1', condition: 'Ready' }],
  });
});
