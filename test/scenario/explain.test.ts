// Which rule decides a packet: asked of the attached program, beside the state files, and leaving no trace.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Explanation } from '../../src/model/explain.js';
import { createLab, type Lab } from '../lab.js';
import { document, ICMP_DROP, reconcile, writeHost } from '../support/host.js';
import { counts, policyFile, writePolicy } from '../support/policies.js';

const NO_PING = { name: 'no-ping', match: { protocol: 'icmp', icmpType: 'echo-request' }, action: 'drop' };
const FEW = {
  name: 'few',
  match: { protocol: 'udp' },
  rateLimit: { packetsPerSecond: 1, burst: 1, per: 'rule' },
  action: 'drop',
};
const SSH = [{ protocol: 'tcp', source: '10.0.0.0/8', destinationPort: 22 }];
const RUNNING = { rules: [NO_PING, FEW] };
const PING = '{protocol: icmp, source: 192.0.2.9}';

let lab: Lab;
beforeAll(async () => {
  lab = await createLab({ pairs: 2 });
  writePolicy(lab, RUNNING, SSH);
  await reconcile(lab);
});
afterAll(() => lab[Symbol.asyncDispose]());
beforeEach(() => {
  writePolicy(lab, RUNNING, SSH);
});

async function explain(packet: string): Promise<Explanation> {
  return document(await lab.run(['explain', 'veth0', packet, '--output', 'json']), 0);
}

const lines = async (packet: string) => (await lab.run(['explain', 'veth0', packet])).stdout.split('\n');

it('asks the attached program, and counts nothing', async () => {
  await lab.ping(2);
  await expect.poll(() => counts(lab)).toMatchObject({ 'no-ping': 2 });
  const { 'no-ping': pings, few } = await counts(lab);
  for (let time = 0; time < 5; time++) {
    const { running, desired } = await explain(PING);
    expect(running).toMatchObject({ policy: 'edge', row: 'no-ping', verdict: 'drop', audit: false });
    expect(running.at?.file).toBe('policies/edge.yaml');
    expect(running.programId).toBe((await lab.netShow()).xdp[0]?.id);
    expect(desired).toMatchObject({ row: 'no-ping', same: true, at: running.at });
    await explain('protocol: udp');
  }
  expect(await counts(lab)).toMatchObject({ 'no-ping': pings, few });
});

it('a packet that is longer than the kernel can be asked about is decided by the reference', async () => {
  const { running, desired } = await explain('protocol: icmp, length: 3500');
  expect(running).toMatchObject({ row: 'no-ping', verdict: 'drop', decidedBy: 'reference' });
  expect(desired).toMatchObject({ row: 'no-ping', same: true });
  expect((await lines('protocol: icmp, length: 65535'))[1]).toContain('too long to ask the kernel');
});

it('names the protect entry, and what a rate limit would change', async () => {
  const ssh = await explain('protocol: tcp, source: 10.1.2.3, destinationPort: 22');
  expect(ssh.running).toMatchObject({ row: '(protect)', verdict: 'pass', at: { file: 'hosts/lab.yaml' } });
  const udp = await explain('protocol: udp');
  expect(udp.running).toMatchObject({
    row: '(default)',
    verdict: 'pass',
    aboveRate: { row: 'few', action: 'drop' },
  });
  expect(await lines(PING)).toEqual([
    'veth0: icmp 192.0.2.9 -> *',
    expect.stringMatching(/^runs now: drop by no-ping of policy edge, policies\/edge\.yaml:\d+$/),
    expect.stringMatching(
      /^state files: the same: drop by no-ping of policy edge, policies\/edge\.yaml:\d+$/,
    ),
  ]);
});

it('a built-in row is said by the line of its setting, or by none', async () => {
  writePolicy(lab, { fragments: 'drop', default: 'drop', ...RUNNING }, SSH);
  const lineOf = (setting: string) => {
    const text = readFileSync(join(lab.state, 'policies/edge.yaml'), 'utf8');
    return text.split('\n').findIndex((line) => line.includes(`"${setting}"`)) + 1;
  };
  const desired = async (packet: string) => (await explain(packet)).desired;
  const at = (setting: string) => ({ file: 'policies/edge.yaml', line: lineOf(setting), column: 2 });
  expect(await desired('protocol: tcp')).toMatchObject({ row: '(default)', at: at('default') });
  expect(await desired('fragment: later')).toMatchObject({ row: '(fragments)', at: at('fragments') });
  const unsaid = await explain('etherType: arp');
  expect(unsaid.desired).toMatchObject({ row: '(non-ip)', verdict: 'pass' });
  expect(unsaid.desired).not.toHaveProperty('at');
  expect(unsaid.running).not.toHaveProperty('at');
  expect((await lines('etherType: arp'))[1]).toBe(
    'runs now: pass by (non-ip) of policy edge, as no line says otherwise',
  );
});

it('says when the state files would decide otherwise, want something else, or cannot be read', async () => {
  writePolicy(lab, { rules: [FEW] });
  expect((await explain(PING)).desired).toMatchObject({ row: '(default)', verdict: 'pass', same: false });
  expect((await lines(PING))[2]).toContain('state files: otherwise: pass by (default)');
  writeHost(lab, {});
  expect((await explain(PING)).desired).toEqual({ reason: 'they want nothing on veth0' });
  writeHost(lab, { veth0: `program: ${ICMP_DROP}` });
  expect((await explain(PING)).desired).toEqual({
    reason: 'they want the program icmp-drop on veth0, which is no policy',
  });
  lab.writeState({ 'hosts/lab.yaml': 'nonsense' });
  const { running, desired } = await explain(PING);
  expect(running.row).toBe('no-ping');
  expect(desired).toEqual({ reason: expect.stringMatching(/^they cannot be used: /) as string });
});

it('an audited policy says what its rules say', async () => {
  writePolicy(lab, { mode: 'audit', ...RUNNING }, SSH);
  expect((await explain(PING)).desired).toMatchObject({ verdict: 'drop', audit: true, same: false });
  const shown = await lines('protocol: tcp');
  expect(shown[2]).toMatch(/^state files: the same: pass by \(default\) of policy edge, /);
  expect((await lines(PING))[2]).toMatch(
    /^state files: otherwise: drop \(audit: counted as such, and passed\) by /,
  );
});

it('refuses an interface without a policy of ours, and what is no packet', async () => {
  lab.writeState({
    'policies/edge.yaml': policyFile('edge', RUNNING),
    'hosts/lab.yaml': `apiVersion: xdpkeep/v1\nkind: Host\nname: lab\ninterfaces: {veth0: {mode: native, policy: edge}, veth1: {program: ${ICMP_DROP}}}\nprotect: ${JSON.stringify(SSH)}\n`,
  });
  await reconcile(lab);
  for (const name of ['veth1', 'nowhere0']) {
    expect(await lab.run(['explain', name, PING])).toMatchObject({
      exitCode: 64,
      stderr: `error: interface ${name} runs no policy of ours\nhelp: These do: veth0.`,
    });
  }
  const { exitCode, stderr } = await lab.run(['explain', 'veth0', 'protocol: tpc']);
  expect([exitCode, stderr]).toEqual([
    64,
    expect.stringMatching(/not a packet: `protocol`[\s\S]*Did you mean "tcp"/),
  ]);
});
