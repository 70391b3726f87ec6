// Interfaces that are stacked: a bridge, and a macvlan upon that, above what a policy is wanted on. The kernel lets nobody attach below a program.
import { describe, expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { hostFile, ICMP_DROP, reconcile, writeHost } from '../support/host.js';
import { policyFile } from '../support/policies.js';

const ON = `program: ${ICMP_DROP}`;

/** veth0 is a port of br0, which has its address; mac0 is a macvlan upon that. */
async function stack(lab: Lab): Promise<void> {
  const { address } = lab.pair('veth0');
  for (const command of [
    'link add br0 type bridge',
    'link set br0 up',
    `address del ${address}/24 dev veth0`,
    'link set veth0 master br0',
    `address add ${address}/24 dev br0`,
    'link add link br0 name mac0 type macvlan mode bridge',
    'link set mac0 up',
  ])
    await lab.exec('ip', ...command.split(' '));
}

const attached = async (lab: Lab) =>
  (await lab.netShow()).xdp.map(({ devname, mode }) => `${devname} ${mode}`).sort();

const ALL = ['br0 generic', 'mac0 generic', 'veth0 driver'];

describe('a lower interface', () => {
  it('is attached before those above it, whatever their order in the Host file, so that no one has a gap', async () => {
    await using lab = await createLab();
    await stack(lab);
    writeHost(lab, { mac0: ON, br0: ON, veth0: ON });
    const { steps } = await reconcile(lab);
    expect(steps.map(({ interface: name, gap }) => [name, gap])).toEqual([
      ['veth0', false],
      ['br0', false],
      ['mac0', false],
    ]);
    expect(await attached(lab)).toEqual(ALL);
    expect(await reconcile(lab)).toMatchObject({ changed: false });
  });

  it('below programs of ours is attached with a gap above it that the plan names, and those run again at once', async () => {
    await using lab = await createLab();
    await stack(lab);
    writeHost(lab, { br0: ON, mac0: ON });
    const before = await reconcile(lab);
    writeHost(lab, { br0: ON, mac0: ON, veth0: ON });
    const reason = 'not attached; gap on br0, mac0 above it, whose links are made anew';
    const planned = await reconcile(lab, 0, '--dry-run');
    expect(planned.steps).toContainEqual(expect.objectContaining({ interface: 'veth0', gap: true, reason }));
    const after = await reconcile(lab);
    expect(after.steps).toContainEqual(
      expect.objectContaining({ interface: 'veth0', gap: true, reason, outcome: 'done' }),
    );
    expect(await attached(lab)).toEqual(ALL);
    const programs = (one: typeof before) =>
      one.interfaces.filter(({ name }) => name !== 'veth0').map(({ programId }) => programId);
    expect(programs(after)).toEqual(programs(before));
    expect(await reconcile(lab)).toMatchObject({ changed: false });
  });

  it('changes its mode and is undone below them as well', async () => {
    await using lab = await createLab();
    await stack(lab);
    writeHost(lab, { br0: ON, veth0: `mode: native, ${ON}` });
    await reconcile(lab);
    lab.writeState({
      'hosts/lab.yaml': `${hostFile({ br0: ON, veth0: `mode: generic, ${ON}` })}probes: [{tcp: "${lab.pair('veth0').peerAddress}:9"}]\n`,
    });
    expect((await reconcile(lab)).steps).toContainEqual(
      expect.objectContaining({ interface: 'veth0', gap: true, outcome: 'done' }),
    );
    expect(await attached(lab)).toEqual(['br0 generic', 'veth0 generic']);
    const back = await lab.run(['rollback', '--output', 'json']);
    expect(back.exitCode, back.stdout + back.stderr).toBe(0);
    expect(await attached(lab)).toEqual(['br0 generic', 'veth0 driver']);
    const failed = await lab.run(['reconcile'], { env: { XDPKEEP_FAILPOINT: 'verify:before=fail' } });
    expect(failed.exitCode).not.toBe(1);
    expect(await attached(lab)).toEqual(['br0 generic', 'veth0 driver']);
  });

  it('that is refused leaves what is above it as it was', async () => {
    await using lab = await createLab();
    await stack(lab);
    writeHost(lab, { br0: ON });
    const before = await reconcile(lab);
    await lab.execOutside('ip', 'link', 'set', lab.pair('veth0').peer, 'mtu', '9000');
    writeHost(lab, { br0: ON, veth0: `mode: native, ${ON}` });
    const failed = await reconcile(lab, 12);
    expect(failed.steps).toContainEqual(expect.objectContaining({ interface: 'veth0', outcome: 'failed' }));
    expect(await attached(lab)).toEqual(['br0 generic']);
    expect(failed.interfaces).toContainEqual(
      expect.objectContaining({
        name: 'br0',
        programId: before.interfaces[0]?.programId,
        condition: 'Degraded',
      }),
    );
    // It would cost a gap again: not at each pass.
    expect((await reconcile(lab, 12)).steps).toContainEqual(
      expect.objectContaining({ interface: 'veth0', gap: false, outcome: 'failed' }),
    );
  });

  it('waits while one above it is suspended', async () => {
    await using lab = await createLab();
    await stack(lab);
    writeHost(lab, { br0: ON });
    await reconcile(lab);
    await lab.run(['suspend', 'br0', '--reason', 'a test', '--for', '1h']);
    writeHost(lab, { br0: ON, veth0: ON });
    expect((await reconcile(lab, 13)).steps).toContainEqual(
      expect.objectContaining({ interface: 'veth0', outcome: 'suspended' }),
    );
    expect(await attached(lab)).toEqual(['br0 generic']);
  });

  it('below the program of somebody else is refused, and who that is is said', async () => {
    await using lab = await createLab();
    await stack(lab);
    const id = await lab.attachForeign('br0', 'xdpgeneric');
    writeHost(lab, { veth0: ON });
    expect((await reconcile(lab, 14)).steps).toMatchObject([
      {
        outcome: 'refused',
        reason: `br0 above it has the foreign program ${id} (icmp_drop), below which the kernel lets nobody attach`,
        hint: 'Detach it, or name br0 in the Host file with `foreign: replace`.',
      },
    ]);
    writeHost(lab, { veth0: ON, br0: `foreign: replace, ${ON}` });
    await reconcile(lab);
    expect(await attached(lab)).toEqual(['br0 generic', 'veth0 driver']);
    expect(await reconcile(lab)).toMatchObject({ changed: false });
  });

  it('comes back whole after a kill at any point of it', async () => {
    await using lab = await createLab();
    await stack(lab);
    lab.writeState({ 'policies/edge.yaml': policyFile('edge', { rules: [] }) });
    for (const point of ['drop-link:after', 'link:before', 'link:after']) {
      writeHost(lab, { br0: ON });
      await reconcile(lab, 0, '--allow-prune-all');
      writeHost(lab, { br0: ON, veth0: 'policy: edge' });
      await lab.run(['reconcile'], { env: { XDPKEEP_FAILPOINT: point } });
      await expect.poll(async () => (await lab.run(['reconcile'])).exitCode, { timeout: 20_000 }).toBe(0);
      expect(await attached(lab), point).toEqual(['br0 generic', 'veth0 driver']);
    }
  });
});
