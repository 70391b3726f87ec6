// A change that would lock its operator out is refused before anything is done; what must live is found by itself.
import { symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { readJournal } from '../../src/journal/read.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { reconcile as reconcileHere } from '../../src/pass/reconcile.js';
import { createLab, type Lab } from '../lab.js';
import { background, finish, within } from '../lab/exec.js';
import { document, hostFile, OWN, reconcile } from '../support/host.js';
import { policyFile, type Written } from '../support/policies.js';
import { running } from '../support/trials.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

const SESSION = { SSH_CONNECTION: '10.77.0.2 50123 10.77.0.1 22' };
const SSH = { name: 'ssh', match: { protocol: 'tcp', destinationPort: 22 }, action: 'pass' };
const NO_SSH = { ...SSH, name: 'no-ssh', action: 'drop' };

function write(lab: Lab, policy: Written, more = ''): void {
  lab.writeState({
    'policies/edge.yaml': policyFile('edge', policy),
    'hosts/lab.yaml': hostFile({ veth0: 'mode: native, policy: edge' }) + more,
  });
}

async function run(lab: Lab, exitCode: number, env: Record<string, string>, ...args: string[]) {
  return document<Reconciliation>(
    await lab.run(['reconcile', '--output', 'json', ...args], { env }),
    exitCode,
  );
}

it('the session that runs the command: refused with the rule and its place, also in a dry run', async () => {
  await using lab = await createLab();
  await using conversation = await lab.converse('veth0', 22);
  write(lab, { rules: [NO_SSH] });
  for (const args of [[], ['--dry-run']]) {
    const refused = await run(lab, 14, SESSION, ...args);
    expect(refused).toMatchObject({ changed: false, generation: 0, steps: [{ outcome: 'refused' }] });
    expect(refused.steps[0]?.error).toMatch(
      /^this would lock out: veth0: this SSH session from 10\.77\.0\.2, dropped by no-ssh \(policies\/edge\.yaml:\d+\); /,
    );
  }
  expect(await running(lab)).toBeUndefined();
  expect(await conversation.say('alive')).toBe('alive');

  write(lab, { rules: [NO_SSH] }, 'protect: [{protocol: tcp, source: 10.77.0.2, destinationPort: 22}]\n');
  expect(await run(lab, 0, SESSION)).toMatchObject({ changed: true, warnings: [] });
  expect(await conversation.say('still alive')).toBe('still alive');

  write(lab, { rules: [NO_SSH] });
  const accepted = await run(lab, 0, SESSION, '--accept-lockout');
  expect(accepted.warnings).toContainEqual(
    expect.stringMatching(/^accepted: this locks out veth0: this SSH session/),
  );
  const { records } = readJournal(lab.dataDir);
  expect(records.find(({ step }) => step.kind === 'accept-lockout')).toMatchObject({
    generation: 2,
    phase: 'done',
  });
  // What was accepted is brought back without a question.
  await lab.exec('rm', '-r', join(lab.bpffs, 'xdpkeep'));
  expect(await run(lab, 0, SESSION)).toMatchObject({ changed: true, generation: 2 });
  await lab.exec('rm', '-r', join(lab.bpffs, 'xdpkeep')); // so that the connection can be closed
});

it('is found though sudo took SSH_CONNECTION away', async () => {
  await using lab = await createLab();
  write(lab, { default: 'drop', rules: [] });
  const xdpkeep = `env -u SSH_CONNECTION ${process.execPath} ${resolve('dist/xdpkeep.js')} reconcile; exit $?`;
  const [file, args] = within(lab.network.firewall, ['sh', '-c', xdpkeep]);
  const env = {
    ...SESSION,
    XDPKEEP_STATE: lab.state,
    XDPKEEP_BPFFS: lab.bpffs,
    XDPKEEP_DATA_DIR: lab.dataDir,
    XDPKEEP_HOST: 'lab',
  };
  const refused = await finish(file, args, { env });
  expect(refused).toMatchObject({ exitCode: 14 });
  expect(refused.stdout).toContain('dropped by (default) (policies/edge.yaml:');
});

it('connections to sshd count, on its own port, and only on the interface where they arrive', async () => {
  await using lab = await createLab({ pairs: 2 });
  const sshd = join(lab.directory, 'sshd');
  symlinkSync(process.execPath, sshd);
  const script = `require('net').createServer((s) => s.on('error', () => {})).listen(2222, '0.0.0.0', () => console.log('up'))`;
  const server = background(...within(lab.network.firewall, [sshd, '-e', script]));
  try {
    await new Promise((up) => server.stdout.once('data', up));
    const client = background(
      ...within(lab.network.outside, [
        'bash',
        '-c',
        'exec 3<>/dev/tcp/10.77.0.1/2222; echo up; exec sleep 60',
      ]),
    );
    try {
      await new Promise((up) => client.stdout.once('data', up));
      write(lab, { default: 'drop', rules: [SSH] });
      const [step] = (await reconcile(lab, 14)).steps;
      expect(step?.error).toContain('veth0: the SSH connection from 10.77.0.2, dropped by (default)');
      lab.writeState({ 'hosts/lab.yaml': hostFile({ veth1: 'mode: native, policy: edge' }) });
      expect(await reconcile(lab)).toMatchObject({ changed: true });
      // One that is refused leaves none of the others half done.
      lab.writeState({
        'hosts/lab.yaml': hostFile({
          veth0: 'mode: native, policy: edge',
          'veth[1]': 'mode: generic, policy: edge',
        }),
      });
      const both = await reconcile(lab, 14);
      expect(both.steps.map(({ outcome }) => outcome)).toEqual(['refused', 'refused']);
      expect(await running(lab, 'veth0')).toBeUndefined();
    } finally {
      client.kill('SIGKILL');
      await client;
    }
  } finally {
    server.kill('SIGKILL');
    await server;
  }
});

it('the default gateways have to be found: ARP and neighbour discovery', async () => {
  await using lab = await createLab();
  write(lab, { default: 'drop', nonIp: 'drop', neighborDiscovery: 'match', rules: [] });
  expect(await reconcile(lab)).toMatchObject({ changed: true });
  await lab.exec('ip', 'route', 'add', 'default', 'via', '10.77.0.2');
  await lab.exec('ip', '-6', 'route', 'add', 'default', 'via', 'fd77::2', 'dev', 'veth0');
  write(lab, { default: 'drop', nonIp: 'drop', neighborDiscovery: 'match', rules: [SSH] });
  const [step] = (await reconcile(lab, 14)).steps;
  expect(step?.error).toContain('veth0: ARP of the default gateway 10.77.0.2, dropped by (non-ip)');
  expect(step?.error).toContain(
    'veth0: neighbour discovery of the default gateway fd77::2, dropped by (default)',
  );
  write(lab, { default: 'drop', rules: [SSH] });
  expect(await reconcile(lab)).toMatchObject({ changed: true });
});

it('the answers of a DHCP server are let through where a client waits for them', async () => {
  await using lab = await createLab();
  await lab.exec('ip', 'route', 'add', 'default', 'via', '10.77.0.2');
  const script = `require('dgram').createSocket('udp4').bind(68, () => console.log('up'))`;
  const client = background(...within(lab.network.firewall, [process.execPath, '-e', script]));
  try {
    await new Promise((up) => client.stdout.once('data', up));
    write(lab, { default: 'drop', rules: [SSH] });
    expect((await reconcile(lab, 14)).steps[0]?.error).toContain(
      'veth0: the answer of a DHCP server, dropped by',
    );
    const dhcp = {
      name: 'dhcp',
      match: { protocol: 'udp', sourcePort: 67, destinationPort: 68 },
      action: 'pass',
    };
    write(lab, { default: 'drop', rules: [SSH, dhcp] });
    expect(await reconcile(lab)).toMatchObject({ changed: true });
  } finally {
    client.kill('SIGKILL');
    await client;
  }
});

it('whom the state files come from has to be heard', async () => {
  await using lab = await createLab();
  write(lab, { default: 'drop', rules: [SSH] });
  const { state: stateDir, bpffs, dataDir } = lab;
  const pass = (port: number) => {
    const from = { stateDir, host: 'lab', remotes: [{ host: '10.77.0.2', port }] };
    return lab.inside(() => reconcileHere({ bpffs, dataDir, from, change: {}, dryRun: false }));
  };
  const refused = await pass(443);
  expect(refused).toMatchObject({ exitCode: 14, steps: [{ outcome: 'refused' }] });
  expect(refused.steps[0]?.error).toContain('the answer of 10.77.0.2:443, from where the state files come');
  write(lab, { default: 'drop', rules: [{ ...SSH, match: { protocol: 'tcp', sourcePort: 443 } }] });
  expect(await pass(443)).toMatchObject({ exitCode: 0, changed: true });
});

it('a program of one’s own must not drop them either', async () => {
  await using lab = await createLab();
  const source = `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int own(struct xdp_md *ctx) { return XDP_DROP; }
char _license[] SEC("license") = "GPL";
`;
  lab.writeState({
    'programs/own.bpf.c': source,
    'hosts/lab.yaml': hostFile({ veth0: `mode: native, program: ${OWN}` }),
  });
  const refused = await run(lab, 14, SESSION);
  expect(refused.steps[0]?.error).toContain('this SSH session from 10.77.0.2, dropped by the program');
  expect(await run(lab, 0, { SSH_CONNECTION: '10.77.0.1 50123 10.77.0.1 22' })).toMatchObject({
    changed: true,
  });
});
