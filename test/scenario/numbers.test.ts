// A million packets of five kinds through the attached program: whatever counts or samples them says the same.
// needs: lab tshark
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { listInterfaces } from '../../src/kernel/interfaces.js';
import { pinPathsOf } from '../../src/kernel/pin-paths.js';
import { openPin } from '../../src/kernel/pinned.js';
import { liveFrames } from '../../src/kernel/testrun.js';
import type { Counters } from '../../src/model/counters.js';
import type { InterfaceTraffic } from '../../src/model/traffic.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import { readRuleCounters } from '../../src/inspect/rule-counters.js';
import { createLab, type Lab } from '../lab.js';
import { steady } from '../lab/pace.js';
import { document, reconcile } from '../support/host.js';
import { writePolicy } from '../support/policies.js';

const EACH = 200_000;
const RULES = [
  { name: 'ping', match: { protocol: 'icmp' }, action: 'drop', log: { oneIn: 1000 } },
  { name: 'web', match: { protocol: 'tcp', destinationPort: 443 }, action: 'drop', log: { oneIn: 100 } },
  { name: 'names', match: { protocol: 'udp', destinationPort: 53 }, action: 'drop' },
];
const LLDP = 0x88cc;
const KINDS: Record<string, Uint8Array> = {
  ping: buildPacket({ protocol: 1, length: 84 }),
  web: buildPacket({ protocol: 6, destinationPort: 443, length: 1400 }),
  names: buildPacket({ family: 6, protocol: 17, destinationPort: 53 }),
  '(malformed)': buildPacket({ protocol: 17, length: 100 }).subarray(0, 60),
  '(non-ip)': buildPacket({ etherType: LLDP }),
};

/** The program itself runs on each frame, as if it came in at veth0: nothing lies between that could lose one. */
async function send(lab: Lab, digest: string): Promise<void> {
  using program = openPin(pinPathsOf(lab.bpffs).program('veth0', digest));
  await lab.inside(() => {
    const ingressIfindex = listInterfaces().find(({ name }) => name === 'veth0')?.ifindex ?? 0;
    for (const data of Object.values(KINDS))
      liveFrames(program?.number ?? -1, { data, ingressIfindex, repeat: EACH });
  });
}

interface Event {
  kind: string;
  rule: string;
  length: number;
}

/** Six standard deviations: one in a billion. */
function plausible(oneIn: number): [number, number] {
  const mean = EACH / oneIn;
  return [mean - 6 * Math.sqrt(mean), mean + 6 * Math.sqrt(mean)];
}

it('counters, metrics, top, page, events and pcapng agree with what was sent', async () => {
  await using lab = await createLab();
  await lab.exec('ip', 'link', 'set', 'veth0', 'arp', 'off');
  writePolicy(lab, { default: 'drop', rules: RULES });
  const [veth0] = (await reconcile(lab)).interfaces;
  const before = document<Counters>(await lab.run(['counters', '--output', 'json']), 0);
  const file = `${lab.directory}/million.pcapng`;
  const reader = lab.start(['events', '--output', 'json', '--write', file]);
  let [said, written] = ['', 0];
  reader.stdout.on('data', (piece: Buffer) => (written += piece.length));
  reader.stderr.on('data', (text: Buffer) => (said += text.toString()));
  await expect.poll(() => said).toContain('listening');
  const started = performance.now();
  await send(lab, veth0?.digest ?? '');
  const seconds = (performance.now() - started) / 1000;
  await steady(() => written);
  reader.kill('SIGINT');

  const { interfaces } = document<Counters>(await lab.run(['counters', '--output', 'json']), 0);
  const counted = new Map(interfaces[0]?.rules.map((row) => [row.name, row]));
  const strangers = new Map(before.interfaces[0]?.rules.map((row) => [row.name, row]));
  for (const [rule, frame] of Object.entries(KINDS)) {
    const { packets = 0, bytes = 0 } = strangers.get(rule) ?? {};
    expect(counted.get(rule), rule).toMatchObject({
      packets: EACH + packets,
      bytes: EACH * frame.length + bytes,
    });
  }

  const { stdout } = await lab.run(['top', '--count', '1', '--every', '100ms', '--output', 'json']);
  const top = JSON.parse(stdout.trim().split('\n')[1] ?? '') as { interfaces: InterfaceTraffic[] };
  for (const { rule, packets, bytes } of top.interfaces[0]?.rules ?? []) {
    if (rule in KINDS) expect(counted.get(rule)).toMatchObject({ packets, bytes });
  }

  // What Prometheus and the page read, of a pass that changes nothing.
  const metrics = `${lab.directory}/million.prom`;
  expect(await lab.run(['reconcile', '--metrics-file', metrics])).toMatchObject({ exitCode: 0 });
  const exposed = readFileSync(metrics, 'utf8');
  const table = await lab.inside(() => readRuleCounters({ bpffs: lab.bpffs, dataDir: lab.dataDir }));
  const shown = new Map(table.interfaces[0]?.rules.map((row) => [row.name, row]));
  for (const rule of Object.keys(KINDS)) {
    const { packets = -1, bytes = -1 } = counted.get(rule) ?? {};
    const labels = `{interface="veth0",rule="${rule}",action="${shown.get(rule)?.action ?? ''}"}`;
    expect(exposed).toContain(`\nxdpkeep_rule_packets_total${labels} ${packets}\n`);
    expect(exposed).toContain(`\nxdpkeep_rule_bytes_total${labels} ${bytes}\n`);
    expect(shown.get(rule)).toMatchObject({ packets, bytes });
  }

  const records = (await reader).stdout
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line) as Event);
  expect(records.filter(({ kind }) => kind !== 'Event')).toEqual([]);
  const sampled = (rule: string) => records.filter((one) => one.rule === rule).length;
  for (const [rule, oneIn] of [
    ['ping', 1000],
    ['web', 100],
  ] as const) {
    const [least, most] = plausible(oneIn);
    expect(sampled(rule), rule).toBeGreaterThan(least);
    expect(sampled(rule), rule).toBeLessThan(most);
  }
  expect(sampled('(malformed)')).toBeGreaterThan(0);
  expect(sampled('(malformed)')).toBeLessThanOrEqual((seconds * 100 + 2) * 2);
  for (const { rule, length } of records) expect(length, rule).toBe(KINDS[rule]?.length);

  const fields = ['-T', 'fields', '-e', 'frame.comment', '-e', 'frame.len'];
  const saved = (await lab.exec('tshark', '-n', '-r', file, ...fields)).trim().split('\n').sort();
  expect(saved).toEqual(records.map(({ rule, length }) => `rule ${rule}: drop\t${length}`).sort());
});
