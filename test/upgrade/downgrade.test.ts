// The way back from an upgrade, which is not promised: what docs/unattended.md says of it is what happens here.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { document, hostFile, reconcile } from '../support/host.js';
import { counts, policyFile } from '../support/policies.js';
import { running } from '../support/trials.js';
import { createOldLab, install, links, LONG } from './installed.js';
import { writeEverything } from './policies.js';
import { Traffic } from './traffic.js';

it(
  'the old build after the new one: state files go on, its own generations too',
  { timeout: LONG },
  async () => {
    await using lab = await createOldLab({ pairs: 2 });
    writeEverything(lab);
    await reconcile(lab); // generation 1, of the old build
    await install(lab, 'new');
    await reconcile(lab); // 2, of the new one
    expect(await lab.run(['block', '198.51.100.7', '--for', '1h', '--reason', 'a flood'])).toMatchObject({
      exitCode: 0,
    });
    const [before, counted] = [await links(lab), await counts(lab)];

    await using traffic = await Traffic.flow(lab);
    await install(lab, 'old');
    expect((await lab.run(['journal', 'verify'])).exitCode).toBe(0);
    const back = await reconcile(lab);
    expect(back.steps.filter(({ action }) => action === 'update')).toMatchObject([
      { interface: 'veth0', gap: false, outcome: 'done' },
      { interface: 'veth1', gap: false, outcome: 'done' },
    ]);
    expect(await links(lab)).toEqual(before);
    expect((await counts(lab))['no-ping']).toBeGreaterThan(counted['no-ping'] ?? 0);
    expect((await lab.run(['blocks'])).stdout).toContain('198.51.100.7');
    const program = await running(lab);

    // The program that generation 2 names is no program of this build.
    const refused = document<Reconciliation>(await lab.run(['rollback', '2', '--output', 'json']), 12);
    expect(refused.steps.map(({ outcome }) => outcome)).toEqual(['failed', 'failed']);
    expect(await running(lab)).toBe(program);
    document(await lab.run(['rollback', '1', '--output', 'json']), 0);
    await traffic.unbroken();
    expect(await links(lab)).toEqual(before);
  },
);

it('a new process that stays goes on with its own programs', { timeout: LONG }, async () => {
  await using lab = await createOldLab();
  await install(lab, 'new');
  const write = (...more: object[]) => {
    const rules = [{ name: 'no-ping', match: { protocol: 'icmp' }, action: 'drop' }, ...more];
    writeFileSync(join(lab.state, 'policies/edge.yaml'), policyFile('edge', { rules }));
  };
  lab.writeState({
    'hosts/lab.yaml': hostFile({ veth0: 'mode: native, policy: edge' }),
    'policies/edge.yaml': '',
  });
  write();
  const daemon = lab.start(['reconcile', '--watch']);
  const patient = { timeout: 60_000, interval: 100 };
  await expect.poll(() => links(lab), patient).toHaveProperty('veth0');
  await expect.poll(async () => (await lab.ping(1)).received, patient).toBe(0);
  await install(lab, 'old');
  write({ name: 'udp', match: { protocol: 'udp' }, action: 'drop' });
  await expect.poll(() => counts(lab), patient).toHaveProperty('udp');
  daemon.kill('SIGTERM');
  expect(await daemon).toMatchObject({ exitCode: 0 });
});
