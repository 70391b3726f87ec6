// Drift that is made on a real interface: the cause is named, enforced or only reported, and no fight goes on for ever.
// needs: faketime lab
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { must } from '../lab/exec.js';
import { ICMP_DROP, reconcile, status, writeHost } from '../support/host.js';
import { pass } from '../support/pass.js';

const fields = (more = '') => `mode: native, program: ${ICMP_DROP}${more}`;
const link = (lab: Lab) => join(lab.bpffs, 'xdpkeep/interfaces/veth0/link');
const row = async (lab: Lab) => (await status(lab)).interfaces[0];

async function detach(lab: Lab): Promise<void> {
  await must('rm', [link(lab)]); // the kernel takes off what it held a moment later
}

it('each cause is named, and healed', async () => {
  await using lab = await createLab();
  writeHost(lab, { veth0: fields() });
  const [first] = (await reconcile(lab)).interfaces;
  expect(first).not.toHaveProperty('drift');

  await detach(lab);
  expect(await row(lab)).toMatchObject({ condition: 'Drifted', drift: 'detached' });
  expect((await reconcile(lab)).steps).toMatchObject([
    { action: 'attach', drift: 'detached', outcome: 'done' },
  ]);

  const { id } = JSON.parse(await must('bpftool', ['-j', 'link', 'show', 'pinned', link(lab)])) as {
    id: number;
  };
  await must('bpftool', ['link', 'detach', 'id', String(id)]);
  expect((await pass(lab)).steps).toMatchObject([
    { drift: 'detached', reason: 'not attached: somebody detached it' },
  ]);

  await must('rm', [join(lab.bpffs, 'xdpkeep/interfaces/veth0', first?.digest ?? '', 'program')]);
  expect((await pass(lab)).steps).toMatchObject([{ action: 'update', drift: 'pins', outcome: 'done' }]);

  await lab.exec('ip', 'link', 'del', 'veth0');
  await lab.addPair(0);
  expect(await row(lab)).toMatchObject({ condition: 'Drifted', drift: 're-created' });
  expect((await pass(lab)).steps).toMatchObject([{ action: 'attach', drift: 're-created', outcome: 'done' }]);

  await detach(lab);
  await expect.poll(async () => (await lab.netShow()).xdp).toEqual([]);
  await lab.attachForeign('veth0');
  expect(await row(lab)).toMatchObject({ condition: 'Refused', drift: 'replaced' });
  writeHost(lab, { veth0: fields(', foreign: replace') });
  expect((await pass(lab)).interfaces).toMatchObject([{ condition: 'Ready' }]);
  expect(await lab.ping(1)).toEqual({ sent: 1, received: 0 });
});

it('warn: what somebody did is reported and left, until somebody says otherwise', async () => {
  await using lab = await createLab();
  writeHost(lab, { veth0: fields(', drift: warn') });
  await reconcile(lab);
  await detach(lab);
  const said = await reconcile(lab, 0, '--detailed-exitcode');
  expect(said).toMatchObject({
    changed: false,
    steps: [{ action: 'none', outcome: 'unchanged', drift: 'detached' }],
    interfaces: [{ condition: 'Drifted', reason: 'not attached: somebody detached it', drift: 'detached' }],
  });
  expect(await row(lab)).toMatchObject({ condition: 'Drifted', drift: 'detached' });
  expect((await lab.run(['reconcile'])).stdout).toContain('reconcile --retry');
  expect(await lab.ping(1)).toEqual({ sent: 1, received: 1 });

  expect((await reconcile(lab, 0, '--retry')).interfaces).toMatchObject([{ condition: 'Ready' }]);
  await lab.exec('ip', 'link', 'del', 'veth0');
  await lab.addPair(0);
  expect((await pass(lab)).interfaces).toMatchObject([{ condition: 'Ready' }]);

  await detach(lab);
  writeHost(lab, { veth0: fields() });
  expect((await pass(lab)).steps).toMatchObject([{ drift: 'detached', outcome: 'done' }]);
});

it('three heals within ten minutes, then it stalls; resume, other state files or a flag end that, a clock does not', async () => {
  await using lab = await createLab({ pairs: 2 });
  writeHost(lab, { 'veth*': fields() });
  await reconcile(lab);
  const away = async () => {
    await must('rm', [link(lab)]);
    await expect.poll(async () => (await lab.netShow()).xdp).toHaveLength(1);
  };
  const heal = async () => {
    expect(await pass(lab)).toMatchObject({ exitCode: 0, changed: true });
  };
  for (let heals = 0; heals < 3; heals++) {
    await away();
    await heal();
  }
  await away();
  const stalled = await reconcile(lab, 14);
  expect(stalled.changed).toBe(false);
  expect(stalled.steps.map(({ outcome }) => outcome)).toEqual(['refused', 'unchanged']);
  expect(stalled.interfaces).toMatchObject([
    { name: 'veth0', condition: 'Stalled', drift: 'detached' },
    { name: 'veth1', condition: 'Ready' },
  ]);
  expect(await row(lab)).toMatchObject({ condition: 'Stalled' });
  for (const time of ['+2h', '-2h']) {
    const command = ['faketime', '-f', time, process.execPath, 'dist/xdpkeep.js', 'reconcile'];
    const paths = ['--state', lab.state, '--bpffs', lab.bpffs, '--data-dir', lab.dataDir, '--host', 'lab'];
    await expect(lab.exec(...command, ...paths)).rejects.toThrow('exit 14');
  }

  expect((await lab.run(['resume'])).stdout).toContain('ended: the stall of veth0');
  for (let heals = 0; heals < 3; heals++) {
    await heal();
    await away();
  }
  expect(await pass(lab)).toMatchObject({ exitCode: 14, changed: false });
  expect(await pass(lab, { retry: true })).toMatchObject({ exitCode: 0, changed: true });
  await away();
  expect(await pass(lab)).toMatchObject({ exitCode: 14, changed: false });
  writeHost(lab, { 'veth*': `program: ${ICMP_DROP}` });
  expect(await pass(lab)).toMatchObject({ exitCode: 0, changed: true });
  expect((await lab.run(['resume'])).stdout).toContain('nothing was ended');
});
