// What an operator's block drops is told as dropped by everything that counts, though the policy only audits.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Explanation } from '../../src/model/explain.js';
import type { InterfaceTraffic, Traffic } from '../../src/model/traffic.js';
import { createLab, type Lab } from '../lab.js';
import { document, reconcile, status } from '../support/host.js';
import { counts, writePolicy } from '../support/policies.js';

const SOURCE = '10.77.0.2';
const TELNET = { name: 'telnet', match: { protocol: 'tcp', destinationPort: 23 }, action: 'drop' };

async function auditedAndBlocked(lab: Lab): Promise<void> {
  writePolicy(lab, { rules: [TELNET], mode: 'audit' });
  await reconcile(lab);
  await lab.run(['block', SOURCE, '--for', '1h', '--reason', 'a flood']);
}

it('status, explain and the metrics of a pass', async () => {
  await using lab = await createLab();
  await auditedAndBlocked(lab);
  expect((await lab.ping(4)).received).toBe(0);
  const file = join(lab.directory, 'xdpkeep.prom');
  await lab.run(['reconcile', '--metrics-file', file]);

  const blocked = (await counts(lab))['(blocked)'] ?? 0;
  expect(blocked).toBeGreaterThanOrEqual(4);
  expect((await status(lab)).interfaces[0]?.packets?.dropped).toBe(blocked);
  const total = /^xdpkeep_packets_total\{interface="veth0",verdict="drop"\} (\d+)$/m;
  expect(Number(total.exec(readFileSync(file, 'utf8'))?.[1])).toBeGreaterThanOrEqual(4);
  const asked = await lab.run(['explain', 'veth0', `{source: ${SOURCE}}`, '--output', 'json']);
  expect(document<Explanation>(asked, 0).running).toMatchObject({ verdict: 'drop', audit: false });
});

it('capture', async () => {
  await using lab = await createLab();
  await auditedAndBlocked(lab);
  const args = ['capture', 'veth0', 'protocol: icmp', '--verdict', 'drop', '--count', '1'];
  const capture = lab.start(args);
  let said = '';
  capture.stderr.on('data', (text: Buffer) => (said += text.toString()));
  await expect.poll(() => said).toContain('listening on veth0\n');
  let seen = '';
  capture.stdout.on('data', (text: Buffer) => (seen += text.toString()));
  // A process that gets no processor for three seconds does not listen for a while.
  const pinged = async () => {
    await lab.ping(1);
    return seen;
  };
  await expect.poll(pinged).toMatch(/veth0 \(blocked\) drop: icmp/);
  await capture;
});

it('top, with the share that is dropped', async () => {
  await using lab = await createLab();
  await auditedAndBlocked(lab);
  const top = lab.start(['top', '--every', '500ms', '--output', 'json']);
  let said = '';
  top.stdout.on('data', (text: Buffer) => (said += text.toString()));
  const dropping = (): InterfaceTraffic | undefined =>
    said
      .split('\n')
      .slice(1, -1)
      .flatMap((line) => (JSON.parse(line) as Traffic).interfaces)
      .find(({ rules }) => rules.some((one) => one.rule === '(blocked)' && one.packetsPerSecond > 0));
  const pinged = async () => {
    await lab.ping(1);
    return dropping() !== undefined;
  };
  await expect.poll(pinged).toBe(true);
  top.kill('SIGINT');
  await top;
  const seen = dropping();
  const row = seen?.rules.find(({ rule }) => rule === '(blocked)');
  expect(row).toMatchObject({ action: 'drop' });
  expect(seen?.rules.find(({ rule }) => rule === TELNET.name)).toMatchObject({ action: 'audit' });
  // Whatever else came in (neighbour discovery), it passed.
  expect(seen?.dropShare).toBeCloseTo((row?.packetsPerSecond ?? 0) / (seen?.packetsPerSecond ?? 1));
  expect(seen?.dropShare).toBeGreaterThan(0);
});
