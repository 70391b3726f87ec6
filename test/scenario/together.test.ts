// Safeties that meet: a change on trial and a suspension, a plan, the prune guard, a source that is not to be cut off.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Doctor } from '../../src/model/doctor.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { createLab, type Lab } from '../lab.js';
import { scaled } from '../lab/pace.js';
import { document, hostFile, ICMP_DROP, OWN, ownProgram, reconcile, status } from '../support/host.js';
import { policyFile, writePolicy, type Written } from '../support/policies.js';
import { Site } from '../support/site.js';
import {
  command,
  decided,
  DROP,
  LONG,
  OTHER,
  running,
  start,
  trialPhases,
  watchdogs,
  writeGuarded,
} from '../support/trials.js';

const BOTH = { 'veth*': `mode: native, program: ${ICMP_DROP}` };
const BOTH_OTHER = { 'veth*': `mode: native, program: ${OWN}` };
const TALK = `probes: [{ping: 10.77.0.2, timeout: ${Math.min(30, scaled(2))}s, tries: 2}]\n`;
const SESSION = { SSH_CONNECTION: '10.77.0.2 50123 10.77.0.1 22' };

const suspend = (lab: Lab, ...names: string[]) =>
  lab.run(['suspend', '--reason', 'the switch', '--for', '2h', ...names]);
const programs = (lab: Lab) => Promise.all(['veth0', 'veth1'].map((name) => running(lab, name)));
const planFile = (lab: Lab) => join(lab.directory, 'plan.json');

async function plan(lab: Lab, exitCode = 0, env: Record<string, string> = {}): Promise<Reconciliation> {
  return document(await lab.run(['plan', '--out', planFile(lab), '--output', 'json'], { env }), exitCode);
}

async function apply(
  lab: Lab,
  exitCode: number,
  env: Record<string, string> = {},
  ...args: string[]
): Promise<Reconciliation> {
  return document(await lab.run(['apply', planFile(lab), '--output', 'json', ...args], { env }), exitCode);
}

it('what a suspension keeps out of a change goes on trial for itself once it ends', async () => {
  await using lab = await createLab({ pairs: 2 });
  writeGuarded(lab, BOTH);
  await reconcile(lab);
  const former = await programs(lab);
  await suspend(lab, 'veth1');
  writeGuarded(lab, BOTH_OTHER, LONG);
  const begun = await reconcile(lab, 13);
  expect(begun.steps).toMatchObject([
    { interface: 'veth0', outcome: 'done' },
    { interface: 'veth1', outcome: 'suspended' },
  ]);
  expect(begun.pending).toMatchObject({ generation: 2, previous: 1 });
  const doctor = document<Doctor>(await lab.run(['doctor', '--output', 'json']), 0);
  const found = (name: string) => doctor.checks.find((check) => check.name === name);
  expect(found('trial')).toMatchObject({
    status: 'warning',
    found: expect.stringContaining('generation 2 waits for its confirmation') as string,
  });
  expect(found('suspension')).toMatchObject({ status: 'warning' });
  expect(found('journal')).toMatchObject({ status: 'ok' });
  expect(await status(lab)).toMatchObject({
    pending: { generation: 2 },
    suspensions: [{ interface: 'veth1' }],
    interfaces: [{ condition: 'Ready' }, { condition: 'Pending' }],
  });

  expect(await command(lab, 0, 'confirm')).toMatchObject({ generation: 2 });
  await decided(lab);
  const [first, second] = await programs(lab);
  expect(first).not.toBe(former[0]);
  expect(second).toBe(former[1]);
  expect(trialPhases(lab)).toEqual(['intent', 'failed']);

  await lab.run(['resume']);
  expect(await reconcile(lab)).toMatchObject({ changed: true, pending: { generation: 2, previous: 1 } });
  expect((await programs(lab))[1]).not.toBe(former[1]);
  await command(lab, 0, 'confirm');
  await decided(lab);
  expect(trialPhases(lab)).toEqual(['intent', 'failed', 'intent', 'confirmed']);
  expect(await reconcile(lab)).toMatchObject({ changed: false, generation: 2 });
});

it('confirm, cancel and the deadline work on what is suspended meanwhile', async () => {
  await using lab = await createLab();
  const former = await start(lab);
  writeGuarded(lab, OTHER, LONG);
  await reconcile(lab);
  await suspend(lab);
  expect(await command(lab, 0, 'cancel')).toMatchObject({ hold: { generation: 1 } });
  expect(await running(lab)).toBe(former);
  await decided(lab);

  await lab.run(['resume']);
  await reconcile(lab);
  await suspend(lab);
  for (const pid of watchdogs(lab)) process.kill(pid, 'SIGTERM');
  await decided(lab);
  expect(await running(lab)).toBe(former);

  await lab.run(['resume']);
  await reconcile(lab);
  const changed = await running(lab);
  await suspend(lab);
  await command(lab, 0, 'confirm');
  await decided(lab);
  expect(await running(lab)).toBe(changed);
  // What the change left is cleaned away when hands are on again.
  await lab.run(['resume']);
  expect((await reconcile(lab)).interfaces).toMatchObject([{ condition: 'Ready' }]);
  expect(await running(lab)).toBe(changed);
});

it('a plan that is applied waits for its confirmation, and no other is made or applied meanwhile', async () => {
  await using lab = await createLab();
  const former = await start(lab);
  writeGuarded(lab, OTHER, LONG);
  await plan(lab);
  expect(await running(lab)).toBe(former);
  expect(await apply(lab, 0)).toMatchObject({ pending: { generation: 2, previous: 1 } });
  expect(await apply(lab, 17)).toMatchObject({ kind: 'Error', name: 'PendingError' });
  expect(await plan(lab, 17)).toMatchObject({ kind: 'Error', name: 'PendingError' });
  await command(lab, 0, 'cancel');
  expect(await running(lab)).toBe(former);
  await decided(lab);
  expect(await apply(lab, 16)).toMatchObject({ kind: 'Error', name: 'StalePlanError' });

  writeGuarded(lab, OTHER);
  await lab.run(['resume']);
  await plan(lab);
  expect(await apply(lab, 0, {}, '--confirm-within', '1h')).toMatchObject({ pending: { generation: 4 } });
  await command(lab, 0, 'confirm');
  await decided(lab);
});

it('a plan that is applied has to stand its probes and lets flows live', async () => {
  await using lab = await createLab();
  writeGuarded(lab, DROP, TALK);
  await plan(lab);
  expect(await apply(lab, 10)).toMatchObject({ hold: { generation: 0 }, steps: [{ outcome: 'undone' }] });
  expect(await running(lab)).toBeUndefined();

  writePolicy(lab, {
    rules: [{ name: 'no-ssh', match: { protocol: 'tcp', destinationPort: 22 }, action: 'drop' }],
  });
  await plan(lab);
  const refused = await apply(lab, 14, SESSION);
  expect(refused.steps[0]?.error).toContain('this would lock out: veth0: this SSH session');
  expect(await running(lab)).toBeUndefined();
  await plan(lab, 14, SESSION);
  expect(await apply(lab, 0, SESSION, '--accept-lockout')).toMatchObject({ changed: true });
});

it('the prune guard comes before a trial: nothing is announced and nobody waits', async () => {
  await using lab = await createLab();
  const former = await start(lab);
  writeGuarded(lab, {}, LONG);
  for (const args of [['reconcile'], ['reconcile', '--confirm-within', '1h']])
    await command(lab, 15, ...args);
  expect(await running(lab)).toBe(former);
  expect(existsSync(join(lab.dataDir, 'pending.json'))).toBe(false);
  expect([watchdogs(lab), trialPhases(lab)]).toEqual([[], []]);
  expect(await reconcile(lab, 0, '--allow-prune-all')).toMatchObject({ pending: { generation: 2 } });
  await command(lab, 0, 'cancel');
  await decided(lab);
  expect(await running(lab)).toBeDefined();
});

it('a plan has its large lists with it, and a trial keeps those of the former program', async () => {
  await using lab = await createLab();
  const blocked = { rules: [{ name: 'blocked', match: { source: { list: 'blocked' } }, action: 'drop' }] };
  const write = (from: number): void => {
    const addresses = Array.from({ length: 600 }, (_, at) => `198.18.${from + (at >> 7)}.${(2 * at) & 255}`);
    lab.writeState({ 'lists/blocked.txt': `${addresses.join('\n')}\n` });
  };
  const fate = async (source: string) =>
    (await lab.run(['explain', 'veth0', `{protocol: udp, source: ${source}, destinationPort: 9}`])).stdout;
  writePolicy(lab, blocked);
  write(0);
  await plan(lab);
  rmSync(lab.state, { recursive: true });
  expect(await apply(lab, 0)).toMatchObject({ generation: 1, interfaces: [{ condition: 'Ready' }] });
  expect(await fate('198.18.0.2')).toContain('blocked');
  const first = await running(lab);

  writePolicy(lab, blocked);
  write(100);
  await reconcile(lab, 0, '--confirm-within', '1h');
  expect(await fate('198.18.100.2')).toContain('blocked');
  await reconcile(lab);
  await command(lab, 0, 'cancel');
  await decided(lab);
  expect(await running(lab)).toBe(first);
  expect(await fate('198.18.0.2')).toContain('blocked');
});

it('sync puts its change on trial, and keeps the way to its repository open', async () => {
  await using lab = await createLab();
  const site = await Site.create(lab);
  expect(await site.sync(0, '--confirm-within', '1h')).toMatchObject({ pending: { generation: 1 } });
  await site.run('cancel');
  await decided(lab);
  expect(await running(lab)).toBeUndefined();
  await site.repository.commit('gone', { 'state/hosts/lab.yaml': hostFile({}) }, { key: 'ada' });

  const ssh = { name: 'ssh', match: { protocol: 'tcp', destinationPort: 22 }, action: 'pass' };
  const commit = (policy: Written) =>
    site.repository.commit(
      'guard it',
      {
        'state/policies/edge.yaml': policyFile('edge', policy),
        'state/hosts/lab.yaml': hostFile({ veth0: 'mode: native, policy: edge' }),
      },
      { key: 'ada' },
    );
  await commit({ default: 'drop', rules: [ssh] });
  await site.run('suspend', '--reason', 'not yet', '--for', '1h');
  await site.sync(13); // adopted, and not applied
  await site.run('resume');
  // The repository moves to where only this address answers from; the adopted commit is what there is.
  const config = join(lab.directory, 'config.yaml');
  writeFileSync(config, 'host: lab\nsource: {git: "https://10.77.0.2:8443/state.git", path: state}\n');
  const refused = await site.sync(14);
  expect(refused.steps[0]?.error).toContain('the answer of 10.77.0.2:8443, from where the state files come');
  expect(await site.sync(0, '--accept-lockout')).toMatchObject({ changed: true });
});

it('what was suspended when the change came is asked about its flows when it comes', async () => {
  await using lab = await createLab({ pairs: 2 });
  const no = { rules: [{ name: 'no-ssh', match: { protocol: 'tcp', destinationPort: 22 }, action: 'drop' }] };
  lab.writeState({
    'programs/own.bpf.c': ownProgram('extra'),
    'policies/edge.yaml': policyFile('edge', no),
    'hosts/lab.yaml': hostFile({ 'veth*': 'mode: native, policy: edge' }),
  });
  await suspend(lab, 'veth0');
  expect(await reconcile(lab, 13)).toMatchObject({ changed: true, generation: 1 });
  await lab.run(['resume']);
  const again = await lab.run(['reconcile', '--output', 'json'], { env: SESSION });
  const refused = document<Reconciliation>(again, 14);
  const step = refused.steps.find((one) => one.interface === 'veth0');
  expect(step?.error).toContain('this would lock out: veth0: this SSH session');
  expect(await running(lab, 'veth0')).toBeUndefined();
});
