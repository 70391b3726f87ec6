// The past for people: what each generation changed, and the difference between any two states that this host knows.
import { expect, it } from 'vitest';
import type { GenerationReport, History } from '../../src/model/history.js';
import type { StateDiff } from '../../src/model/state-diff.js';
import { createLab, type Lab } from '../lab.js';
import { document, hostFile, ICMP_DROP, reconcile } from '../support/host.js';
import { policyFile } from '../support/policies.js';

const NO_PING = { name: 'no-ping', match: { protocol: 'icmp' }, action: 'drop' };
const TELNET = { name: 'telnet', match: { protocol: 'tcp', destinationPort: 23 }, action: 'drop' };

function write(lab: Lab, rules: object[], second: string): void {
  lab.writeState({
    'policies/edge.yaml': policyFile('edge', { rules }),
    'hosts/lab.yaml': hostFile({ 'veth[0]': 'policy: edge', veth1: second }),
  });
}

async function diff(lab: Lab, from: string, to: string, exitCode = 0, ...args: string[]): Promise<StateDiff> {
  return document(await lab.run(['diff', from, to, '--output', 'json', ...args]), exitCode);
}

it('a rule whose list is the same is not among those that changed, whether it was parsed or remembered', async () => {
  await using lab = await createLab();
  const listed = { name: 'listed', match: { source: { list: 'bad' } }, action: 'drop' };
  lab.writeState({
    'lists/bad.txt': '198.51.100.0/24\n',
    'hosts/lab.yaml': hostFile({ veth0: 'policy: edge' }),
  });
  for (const rules of [[listed], [listed, NO_PING], [listed, TELNET]]) {
    lab.writeState({ 'policies/edge.yaml': policyFile('edge', { rules }) });
    await reconcile(lab);
  }
  const { generations } = document<History>(await lab.run(['history', '--output', 'json']), 0);
  expect(generations.slice(1).map(({ changes }) => changes)).toEqual([
    ['policy edge: rule no-ping added'],
    ['policy edge: rule no-ping removed, rule telnet added'],
  ]);
});

it('tells what each generation changed, and compares generations, what runs and what is desired', async () => {
  await using lab = await createLab({ pairs: 2 });
  write(lab, [NO_PING], `mode: native, program: ${ICMP_DROP}`);
  await reconcile(lab);
  write(lab, [NO_PING, TELNET], `mode: generic, program: ${ICMP_DROP}`);
  await reconcile(lab);
  await lab.run(['rollback', '1', '--reason', 'upload stalls']);

  const history = document<History>(await lab.run(['history', '--output', 'json']), 0);
  expect(history.generations.map(({ changes }) => changes)).toEqual([
    ['veth1: program icmp-drop (icmp_drop), mode native', 'veth[0]: policy edge, mode auto'],
    [
      'veth1: program icmp-drop (icmp_drop), mode native -> program icmp-drop (icmp_drop), mode generic',
      'policy edge: rule telnet added',
    ],
    [
      'veth1: program icmp-drop (icmp_drop), mode generic -> program icmp-drop (icmp_drop), mode native',
      'policy edge: rule telnet removed',
    ],
  ]);
  const lines = (await lab.run(['history'])).stdout.split('\n');
  expect(lines[0]).toMatch(/^GENERATION +TIME +ORIGIN +AUTHOR +INTERFACES +CHANGES +REASON$/);
  expect(lines[1]).toMatch(/^1 .* reconcile +- +veth0: 1 done, veth1: 1 done +veth1: program icmp-drop/);
  expect(lines[3]).toMatch(/^3 .* rollback to 1 .* upload stalls$/);

  const report = document<GenerationReport>(await lab.run(['history', '2', '--output', 'json']), 0);
  expect(report).toMatchObject({
    kind: 'Generation',
    number: 2,
    previous: 1,
    diff: {
      policies: [{ fates: { changes: [{ from: 'pass', to: 'drop', toRow: 'telnet' }], complete: true } }],
    },
  });
  expect(report.steps.map(({ interface: name, phase, action }) => [name, phase, action])).toEqual(
    expect.arrayContaining([
      ['veth0', 'done', 'update'],
      ['veth1', 'done', 'update'],
    ]),
  );
  const text = (await lab.run(['history', '2'])).stdout;
  expect(text).toMatch(/^generation 2 of lab: reconcile, \S+, 0 min ago$/m);
  expect(text).toMatch(/: pass \(default\) -> drop \(telnet\); also IPv6 TCP$/m);
  for (const wrong of ['9', '0', 'x'])
    expect(await lab.run(['history', wrong])).toMatchObject({ exitCode: 64 });

  expect((await diff(lab, '1', 'gen:2')).policies).toEqual(report.diff?.policies);
  expect(await diff(lab, 'gen:1', '3')).toMatchObject({ hosts: [], policies: [] });
  expect(await diff(lab, '0', '1')).toMatchObject({ hosts: [{ host: 'lab', change: 'added' }] });
  // Patterns and the mode auto mean the same as what runs.
  expect(await diff(lab, '3', 'running', 0, '--detailed-exitcode')).toMatchObject({
    hosts: [],
    policies: [],
  });
  const wanted = await diff(lab, 'running', 'desired', 2, '--detailed-exitcode');
  expect(wanted).toMatchObject({
    from: { revision: 'running' },
    to: { revision: 'desired' },
    hosts: [{ interfaces: [{ pattern: 'veth0' }, { pattern: 'veth1', change: 'changed' }] }],
    policies: [{ policy: 'edge', details: ['rule telnet added'] }],
  });
  const markdown = (await lab.run(['diff', 'running', 'desired', '--output', 'markdown'])).stdout;
  expect(markdown).toMatch(/^## Firewall changes\n\n`running` to `desired`\n/);
  expect((await lab.run(['diff', '9', 'running'])).stderr).toContain('there is no generation 9');

  await lab.exec('ip', 'link', 'del', 'veth1');
  expect((await diff(lab, '3', 'running')).hosts).toMatchObject([
    { interfaces: [{ pattern: 'veth1', change: 'removed' }] },
  ]);
});
