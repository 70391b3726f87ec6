// Totals of an interface only rise, whatever becomes of the rules that counted: real packets, in the kernel and in the metrics.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { ip, macOf } from '../lab/traffic.js';
import { hostFile, reconcile, status } from '../support/host.js';
import { writePolicy } from '../support/policies.js';

const rule = (name: string, protocol: string, action: string) => ({ name, match: { protocol }, action });

async function totals(lab: Lab, name = 'veth0'): Promise<{ passed: number; dropped: number }> {
  const { seen = 0, dropped = 0 } =
    (await status(lab)).interfaces.find((one) => one.name === name)?.packets ?? {};
  return { passed: seen - dropped, dropped };
}

it('totals rise through edits of the policy, its mode, a block and what an earlier release left', async () => {
  await using lab = await createLab();
  const destinationMac = await macOf(lab.network.firewall, 'veth0');
  const to = { source: ip('198.51.100.9'), destination: ip('203.0.113.1'), destinationMac };
  const pings = (count: number) => lab.send({ ...to, protocol: 1, icmpType: 8 }, count);
  writePolicy(lab, { rules: [rule('no-ping', 'icmp', 'drop'), rule('udp', 'udp', 'pass')] });
  await reconcile(lab);
  await pings(7);
  await lab.send({ ...to, protocol: 17, destinationPort: 9 }, 5);
  await expect.poll(async () => (await totals(lab)).dropped).toBe(7);
  expect((await totals(lab)).passed).toBeGreaterThanOrEqual(5);
  // As a host of an earlier release has it.
  await lab.exec('rm', join(lab.bpffs, 'xdpkeep/interfaces/veth0/rows/totals'));

  let before = await totals(lab);
  const changes: [policy: Parameters<typeof writePolicy>[1], dropped: boolean][] = [
    [{ rules: [rule('udp', 'udp', 'drop')] }, false],
    [{ rules: [] }, false],
    [{ rules: [rule('no-ping', 'icmp', 'drop')] }, true],
    [{ rules: [rule('no-ping', 'icmp', 'pass')] }, false],
    [{ rules: [rule('another', 'icmp', 'drop')], mode: 'audit' }, false],
    [{ rules: [rule('another', 'icmp', 'drop')] }, true],
  ];
  for (const [policy, drops] of changes) {
    writePolicy(lab, policy);
    await reconcile(lab);
    const settled = await totals(lab);
    expect(settled.dropped, JSON.stringify(policy)).toBe(before.dropped);
    expect(settled.passed, JSON.stringify(policy)).toBeGreaterThanOrEqual(before.passed);
    await pings(3);
    const wanted = before.dropped + (drops ? 3 : 0);
    await expect.poll(async () => (await totals(lab)).dropped).toBe(wanted);
    if (!drops)
      await expect.poll(async () => (await totals(lab)).passed).toBeGreaterThanOrEqual(settled.passed + 3);
    before = await totals(lab);
  }

  expect((await lab.run(['block', '192.0.2.0/24', '--for', '1h', '--reason', 'test'])).exitCode).toBe(0);
  expect((await totals(lab)).dropped).toBe(before.dropped);
  const file = join(lab.directory, 'xdpkeep.prom');
  await reconcile(lab, 0, '--metrics-file', file);
  expect(statSync(file).mode & 0o777).toBe(0o644);
  const counted = /^xdpkeep_packets_total\{.*verdict="drop".*\} (\d+)$/m.exec(
    readFileSync(file, 'utf8'),
  )?.[1];
  expect(Number(counted)).toBe(before.dropped);

  await lab.exec('ip', 'link', 'set', 'veth0', 'down');
  await lab.exec('ip', 'link', 'set', 'veth0', 'name', 'veth7');
  await lab.exec('ip', 'link', 'set', 'veth7', 'up');
  lab.writeState({ 'hosts/lab.yaml': hostFile({ veth7: 'mode: native, policy: edge' }) });
  await reconcile(lab);
  expect((await totals(lab, 'veth7')).dropped).toBe(before.dropped);
  expect(readdirSync(join(lab.bpffs, 'xdpkeep/interfaces/veth7/rows'))).toContain('totals');
});

it('restore goes on with them', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [rule('no-ping', 'icmp', 'drop')] });
  await reconcile(lab);
  const destinationMac = await macOf(lab.network.firewall, 'veth0');
  const pings = (count: number) => lab.send({ protocol: 1, icmpType: 8, destinationMac }, count);
  await pings(7);
  await expect.poll(async () => (await totals(lab)).dropped).toBe(7);
  const before = await totals(lab);
  await lab.exec('rm', join(lab.bpffs, 'xdpkeep/interfaces/veth0/link'));
  expect((await lab.run(['restore'])).exitCode).toBe(0);
  await pings(3);
  await expect.poll(async () => (await totals(lab)).dropped).toBe(10);
  expect((await totals(lab)).passed).toBeGreaterThanOrEqual(before.passed);
});
