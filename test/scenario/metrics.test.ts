// The file for node_exporter: what Prometheus' own tool says of it, and that its numbers are those of the kernel.
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { must } from '../lab/exec.js';
import { promtool } from '../lab/unpacked.js';
import { counts, writePolicy } from '../support/policies.js';
import { trace } from '../support/strace.js';

const ODD = 'no "ping" <b>\\';
const RULES = [
  { name: ODD, match: { protocol: 'icmp', icmpType: 'echo-request' }, action: 'drop' },
  { name: 'discard', match: { protocol: 'udp', destinationPort: 9 }, action: 'pass' },
];

/** Runs of bpftool: what is on interfaces, programs, maps, links. */
const LOOK = 4;

/** Series -> value. */
function samples(text: string): Map<string, number> {
  return new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

async function pass(lab: Lab, exitCode = 0): Promise<Map<string, number>> {
  const file = join(lab.directory, 'xdpkeep.prom');
  const ran = await lab.run(['reconcile', '--metrics-file', file]);
  expect(ran).toMatchObject({ exitCode });
  return samples(readFileSync(file, 'utf8'));
}

it('a pass writes what is counted, and promtool finds nothing to say', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: RULES });
  const first = await pass(lab);
  expect(first.get('xdpkeep_up')).toBe(1);
  expect(first.get('xdpkeep_generation')).toBe(1);
  await lab.ping(3);
  await lab.send({ protocol: 17, destinationPort: 9 }, 5);
  await expect.poll(() => counts(lab)).toMatchObject({ [ODD]: 3, discard: 5 });

  const second = await pass(lab);
  const rule = (name: string, action: string) =>
    `xdpkeep_rule_packets_total{interface="veth0",rule="${name}",action="${action}"}`;
  expect(second.get(rule('no \\"ping\\" <b>\\\\', 'drop'))).toBe(3);
  expect(second.get(rule('discard', 'pass'))).toBe(5);
  expect(second.get('xdpkeep_packets_total{interface="veth0",verdict="drop"}')).toBe(3);
  expect(second.get('xdpkeep_condition{condition="Ready"}')).toBe(1);
  expect(second.get('xdpkeep_interface_condition{interface="veth0",condition="Ready"}')).toBe(1);
  expect(second.get('xdpkeep_last_pass_exit_code')).toBe(0);
  expect(second.get('xdpkeep_drift_heals_total')).toBe(0);
  expect(second.get('xdpkeep_journal_size_bytes')).toBe(statSync(join(lab.dataDir, 'journal.ndjson')).size);

  const file = join(lab.directory, 'xdpkeep.prom');
  const checked = await promtool(['check', 'metrics'], readFileSync(file, 'utf8'));
  expect(checked).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  expect(readdirSync(dirname(file)).filter((name) => name.includes('.tmp'))).toEqual([]);
  expect(statSync(file).mode & 0o777).toBe(0o644);
});

it('the kernel is looked at once for the pass, and once for all that is measured after it', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: RULES });
  await pass(lab);
  const { executed } = await trace(lab, ['reconcile', '--metrics-file', join(lab.directory, 'x.prom')]);
  expect(executed.filter((path) => path.endsWith('/bpftool'))).toHaveLength(2 * LOOK);
  expect(samples(readFileSync(join(lab.directory, 'x.prom'), 'utf8')).get('xdpkeep_up')).toBe(1);
});

it('healed drift is counted; a pass that fails keeps the time of the last success', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: RULES });
  await pass(lab);
  await lab.exec('rm', join(lab.bpffs, 'xdpkeep/interfaces/veth0/link'));
  const healed = await pass(lab);
  expect(healed.get('xdpkeep_drift_heals_total')).toBe(1);
  const success = healed.get('xdpkeep_last_success_timestamp_seconds');

  writeFileSync(join(lab.state, 'hosts/lab.yaml'), 'no: yes\n');
  const failed = await pass(lab, 65);
  expect(failed.get('xdpkeep_last_pass_exit_code')).toBe(65);
  expect(failed.get('xdpkeep_last_success_timestamp_seconds')).toBe(success);
  expect(failed.get('xdpkeep_last_pass_timestamp_seconds')).toBeGreaterThan(success ?? 0);
});

it('metrics that cannot be written are a warning', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: RULES });
  const file = join(lab.directory, 'no/such/folder/x.prom');
  const ran = await lab.run(['reconcile', '--metrics-file', file]);
  expect(ran).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining('warning: no metrics: ') as string,
  });
  expect(existsSync(file)).toBe(false);
});

it('what lies in the place of the file is not waited for, and a success to come is none', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: RULES });
  const file = join(lab.directory, 'x.prom');
  await must('mkfifo', [file]);
  // A pass that fails looks for the last one that did not.
  lab.writeState({ 'hosts/lab.yaml': 'nonsense' });
  expect(await lab.run(['reconcile', '--metrics-file', file])).toMatchObject({ exitCode: 65 });
  expect(samples(readFileSync(file, 'utf8')).get('xdpkeep_last_pass_exit_code')).toBe(65);
  writeFileSync(file, 'xdpkeep_last_success_timestamp_seconds 9e12\n');
  await lab.run(['reconcile', '--metrics-file', file]);
  const told = samples(readFileSync(file, 'utf8')).get('xdpkeep_last_success_timestamp_seconds');
  expect(told).toBeLessThanOrEqual(Date.now() / 1000);
});
