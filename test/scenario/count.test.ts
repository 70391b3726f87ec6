// `action: count` on a host: what a rule saw is counted and shown, once in the totals, and the rules behind decide.
// needs: lab
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Explanation } from '../../src/model/explain.js';
import { createLab } from '../lab.js';
import { ip, macOf } from '../lab/traffic.js';
import { document, reconcile, status } from '../support/host.js';
import { counts, writePolicy } from '../support/policies.js';

const POLICY = {
  rules: [
    { name: 'early', match: { protocol: 'udp', destinationPort: 7 }, action: 'drop' },
    { name: 'seen', match: { protocol: 'udp' }, action: 'count', log: { oneIn: 1 } },
    { name: 'from-nine', match: { source: '198.51.100.9' }, action: 'count' },
    { name: 'no-discard', match: { protocol: 'udp', destinationPort: 9 }, action: 'drop' },
    { name: 'late', match: { protocol: 'udp', destinationPort: 9 }, action: 'count' },
  ],
  tests: [
    {
      name: 'counted, and dropped',
      packet: { protocol: 'udp', destinationPort: 9 },
      expect: 'drop',
      rule: 'no-discard',
    },
    { name: 'counted, and passed', packet: { protocol: 'udp' }, expect: 'pass', rule: '(default)' },
  ],
};

it('counts what reaches it, and goes on', async () => {
  await using lab = await createLab();
  writePolicy(lab, POLICY);
  await reconcile(lab);
  const destinationMac = await macOf(lab.network.firewall, 'veth0');
  const to = { source: ip('198.51.100.9'), destination: ip('203.0.113.1'), destinationMac, protocol: 17 };
  const before = (await status(lab)).interfaces[0]?.packets ?? { seen: 0, dropped: 0 };
  const events = lab.start(['events', '--count', '2', '--output', 'json', '--rule', 'seen']);
  let said = '';
  events.stderr.on('data', (text: Buffer) => (said += text.toString()));
  await expect.poll(() => said).toContain('listening on veth0\n');
  await lab.send({ ...to, destinationPort: 7 }, 5);
  await lab.send({ ...to, destinationPort: 9 }, 4);
  await lab.send({ ...to, destinationPort: 11 }, 3);
  await expect
    .poll(() => counts(lab))
    .toMatchObject({ early: 5, seen: 7, 'from-nine': 7, 'no-discard': 4, late: 0 });

  const { stdout } = await events;
  const [, first] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(first).toMatchObject({ kind: 'Event', rule: 'seen', verdict: 'count' });
  expect(first).not.toHaveProperty('fate');

  const after = (await status(lab)).interfaces[0]?.packets ?? { seen: 0, dropped: 0 };
  const decided = await counts(lab);
  const sum = ['early', 'no-discard', '(default)', '(protect)', '(non-ip)'].map((row) => decided[row] ?? 0);
  expect(after.dropped - before.dropped).toBe(9);
  expect(after.seen).toBeLessThanOrEqual(sum.reduce((x, y) => x + y));

  const explained: Explanation = document(
    await lab.run([
      'explain',
      'veth0',
      'protocol: udp, source: 198.51.100.9, destinationPort: 9',
      '--output',
      'json',
    ]),
    0,
  );
  expect(explained.running).toMatchObject({
    row: 'no-discard',
    verdict: 'drop',
    counted: ['seen', 'from-nine'],
  });
  expect(explained.desired).toMatchObject({ same: true, counted: ['seen', 'from-nine'] });
  const lines = await lab.run(['explain', 'veth0', 'protocol: udp']);
  expect(lines.stdout).toMatch(/pass by \(default\) of policy edge, .*, counted by seen\n/);

  const file = join(lab.directory, 'xdpkeep.prom');
  await reconcile(lab, 0, '--metrics-file', file);
  expect(readFileSync(file, 'utf8')).toContain(
    'xdpkeep_rule_packets_total{interface="veth0",rule="seen",action="count"} 7',
  );
  const top = await lab.run(['top', '--count', '1', '--every', '1s', '--output', 'json']);
  const [, look] = top.stdout
    .trim()
    .split('\n')
    .map(
      (line) =>
        JSON.parse(line) as {
          interfaces: { packets: number; rules: { rule: string; action: string; packets: number }[] }[];
        },
    );
  const shown = look?.interfaces[0];
  expect(shown?.rules.find(({ rule }) => rule === 'seen')).toMatchObject({ action: 'count', packets: 7 });
  expect(shown?.packets).toBe(
    shown?.rules.filter(({ action }) => action !== 'count').reduce((all, { packets }) => all + packets, 0),
  );
});

it('a rule that begins to count does not change what was dropped before', async () => {
  await using lab = await createLab();
  const rule = (action: string) => ({ rules: [{ name: 'udp', match: { protocol: 'udp' }, action }] });
  writePolicy(lab, rule('drop'));
  await reconcile(lab);
  const destinationMac = await macOf(lab.network.firewall, 'veth0');
  const packet = { source: ip('198.51.100.9'), destination: ip('203.0.113.1'), destinationMac, protocol: 17 };
  const dropped = async () => (await status(lab)).interfaces[0]?.packets?.dropped;
  await lab.send(packet, 6);
  await expect.poll(dropped).toBe(6);
  writePolicy(lab, rule('count'));
  await reconcile(lab);
  await lab.send(packet, 2);
  await expect.poll(() => counts(lab)).toMatchObject({ udp: 8 });
  expect(await dropped()).toBe(6);
});
