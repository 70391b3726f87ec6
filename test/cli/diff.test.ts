// Two revisions of a repository, compared.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/program.js';
import type { StateDiff } from '../../src/model/state-diff.js';
import { hostFile, scratch } from '../desired/state-dir.js';
import { policyFile } from '../support/policies.js';
import { Repository } from '../support/repository.js';

const SSH = { name: 'ssh', match: { protocol: 'tcp', destinationPort: 22 }, action: 'drop' };
const edge = (...rules: object[]) => ({ 'state/policies/edge.yaml': policyFile('edge', { rules }) });
const host = (name: string, ...interfaces: string[]) => ({
  [`state/hosts/${name}.yaml`]: hostFile(...interfaces).replace('edge-1', name),
});
const POLICY = '  ens5: {policy: edge}';

async function repository(): Promise<Repository> {
  const made = await Repository.create(scratch());
  await made.commit('one', { ...edge(SSH), ...host('edge-1', POLICY), ...host('edge-2', POLICY) });
  return made;
}

const run = ({ folder }: Repository, ...argv: string[]) =>
  runCommandLine(['diff', '--state', join(folder, 'state'), ...argv], '1.2.3');

async function compare(made: Repository, ...argv: string[]): Promise<StateDiff> {
  const { exitCode, out } = await run(made, 'HEAD~1', 'HEAD', '--output', 'json', ...argv);
  expect(exitCode).toBe(0);
  return JSON.parse(out) as StateDiff;
}

test('a changed policy, with the packets that it is about; each host that runs it', async () => {
  const made = await repository();
  await made.commit(
    'two',
    edge(
      { ...SSH, action: 'pass' },
      { name: 'dns', match: { protocol: 'udp', destinationPort: 53 }, action: 'drop' },
    ),
  );
  const diff = await compare(made, '--semantic');
  expect(diff).toMatchObject({
    kind: 'StateDiff',
    semantic: true,
    to: { revision: 'HEAD', commit: await made.head() },
  });
  const same = {
    pattern: 'ens5',
    change: 'changed',
    from: 'policy edge, mode auto',
    to: 'policy edge, mode auto',
  };
  expect(diff.hosts).toEqual([
    { host: 'edge-1', change: 'changed', interfaces: [same] },
    { host: 'edge-2', change: 'changed', interfaces: [same] },
  ]);
  const [policy] = diff.policies;
  expect(policy).toMatchObject({
    policy: 'edge',
    change: 'changed',
    details: ['rule dns added', 'rule ssh changed'],
  });
  const changes = policy?.fates?.changes ?? [];
  expect(new Set(changes.map(({ from, fromRow, to, toRow }) => `${from} ${fromRow} ${to} ${toRow}`))).toEqual(
    new Set(['drop ssh pass ssh', 'pass (default) drop dns']),
  );
  expect(changes.map(({ example }) => example).join()).toMatch(/tcp \S+ -> \S+:22 .*udp \S+ -> \S+:53/);
  expect((await compare(made)).policies[0]).not.toHaveProperty('fates');
});

test('hosts and interfaces that come, go and change; what is protected keeps its packets', async () => {
  const made = await repository();
  await made.git('rm', '--quiet', 'state/hosts/edge-2.yaml');
  const protect = 'protect:\n  - {protocol: tcp, destinationPort: 22}\n';
  const now = host(
    'edge-1',
    POLICY,
    '  "veth*": {mode: native, program: {builtin: icmp-drop}, foreign: replace}',
  );
  await made.commit('two', {
    'state/hosts/edge-1.yaml': `${Object.values(now).join('')}${protect}`,
    ...host('edge-3', '  lo: {policy: edge}'),
  });
  const { hosts, policies } = await compare(made, '--semantic');
  expect(policies).toEqual([]);
  expect(hosts).toMatchObject([
    {
      host: 'edge-1',
      change: 'changed',
      interfaces: [
        { pattern: 'ens5', change: 'changed', fates: { complete: true } },
        {
          pattern: 'veth*',
          change: 'added',
          to: 'program icmp-drop (icmp_drop), mode native, foreign replace',
        },
      ],
    },
    {
      host: 'edge-2',
      change: 'removed',
      interfaces: [{ pattern: 'ens5', change: 'removed', from: 'policy edge, mode auto' }],
    },
    { host: 'edge-3', change: 'added', interfaces: [{ pattern: 'lo', change: 'added' }] },
  ]);
  expect(hosts[0]?.interfaces[0]?.fates?.changes).toMatchObject([
    { from: 'drop', fromRow: 'ssh', to: 'pass', toRow: '(protect)' },
  ]);
});

test('settings, order, tests; moved lines and other files are no difference', async () => {
  const made = await repository();
  const policy = {
    rules: [SSH],
    malformed: 'pass',
    tests: [{ name: 't', packet: { protocol: 'tcp' }, expect: 'pass' }],
  };
  await made.commit('two', { 'state/policies/edge.yaml': policyFile('edge', policy) });
  expect((await compare(made)).policies).toMatchObject([
    { details: ['malformed: drop -> pass', 'packet tests changed'] },
  ]);
  await made.commit('three', {
    'state/policies/edge.yaml': `# moved\n\n${policyFile('edge', policy)}`,
    'README.md': 'hello',
  });
  expect(await compare(made)).toMatchObject({ hosts: [], policies: [] });
  expect(await run(made, 'HEAD~1', 'HEAD', '--detailed-exitcode')).toEqual({
    exitCode: 0,
    out: 'no host and no policy differs\n',
  });
  expect(await run(made, 'HEAD~2', 'HEAD', '--detailed-exitcode')).toMatchObject({ exitCode: 2 });
});

test('as text and as Markdown, in which names are nothing but text', async () => {
  const made = await repository();
  await made.commit('two', edge({ ...SSH, name: 'a|b`<b>c', action: 'pass' }));
  const text = await run(made, 'HEAD~1', 'HEAD', '--semantic');
  expect(text.out).toMatch(/^~ host edge-1\n {2}~ ens5: policy edge, mode auto, which changed\n/);
  expect(text.out).toContain('~ policy edge\n  rule a|b`<b>c added\n  rule ssh removed\n');
  expect(text.out).toMatch(/\n {6}tcp \S+ -> \S+:22 .*: drop \(ssh\) -> pass \(a\|b`<b>c\); also IPv6 TCP\n/);
  const { out } = await run(made, 'HEAD~1', 'HEAD', '--semantic', '--output', 'markdown');
  expect(out).toMatch(/^## Firewall changes\n\n`HEAD~1` \(`[0-9a-f]{12}`\) to `HEAD`/);
  expect(out).toContain('| ~ | `ens5` | `policy edge, mode auto` | `policy edge, mode auto` |');
  expect(out).toContain("- `rule a\\|b'<b>c added`");
  expect(out).toMatch(/\| `tcp [^|]*:22 [^|]*` \| `drop` \| `ssh` \| `pass` \| `a\\\|b'<b>c` \|/);
});

test('a revision that is not valid, not there, or before there was any state', async () => {
  const made = await repository();
  const broken = await made.commit('two', {
    'state/hosts/edge-1.yaml': hostFile('  ens5: {policy: nowhere}'),
  });
  expect(await run(made, 'HEAD~1', broken)).toMatchObject({
    exitCode: 65,
    err: expect.stringContaining(` --> ${broken}:state/hosts/edge-1.yaml:5:18`) as string,
  });
  for (const revision of ['nowhere', '--output=/tmp/x', '-x']) {
    const { exitCode, err } = await run(made, '--', 'HEAD~1', revision);
    expect([exitCode, err]).toEqual([64, expect.stringContaining(`there is no revision "${revision}"`)]);
  }
  await made.git('reset', '--quiet', '--hard', 'HEAD~1');
  await made.git('checkout', '--quiet', '--orphan', 'empty');
  await made.git('rm', '--quiet', '-r', '--cached', '.');
  await made.git('commit', '--quiet', '--allow-empty', '-m', 'nothing');
  const { out } = await run(made, 'empty', 'main');
  expect(out).toMatch(/^\+ host edge-1\n {2}\+ ens5: policy edge, mode auto\n/);
  expect(await runCommandLine(['diff', 'a', 'b', '--state', scratch()], '1.2.3')).toMatchObject({
    exitCode: 64,
    err: expect.stringContaining('is in no git repository') as string,
  });
});
