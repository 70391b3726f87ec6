// Groups of rules: what a policy makes of them, where they stand, and what is refused, with the line of the file that is to blame.
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../../../src/cli/program.js';
import { loadHost } from '../../../src/desired/load.js';
import type { LintReport } from '../../../src/model/lint.js';
import { MemoryObjectStore } from '../../../src/disk/object-store.js';
import { readPolicy } from '../readers.js';
import { type Files, hostFile, placeAndSummary, policyFile, stateDir } from '../state-dir.js';

const SSH = '- {name: ssh, match: {protocol: tcp, destinationPort: 22, source: {list: ops}}, action: pass}';
const TELNET = '- {name: telnet, match: {protocol: tcp, destinationPort: 23}, action: drop}';
const PING = '- {name: ping, match: {protocol: icmp}, action: drop}';

function group(name: string, rules: string[], ...more: string[]): Files {
  const lines = [
    'apiVersion: xdpkeep/v1',
    'kind: RuleGroup',
    `name: ${name}`,
    'rules:',
    ...rules,
    ...more,
    '',
  ];
  return { [`rulegroups/${name}.yaml`]: lines.join('\n') };
}

const ADMIN = group('admin', [SSH, TELNET]);

function files(lines: string[], ...groups: Files[]): Files {
  return Object.assign(
    { 'lists/ops.txt': '192.0.2.0/24\n', 'hosts/edge-1.yaml': hostFile('  ens5: {policy: edge}') },
    { 'policies/edge.yaml': policyFile(...lines) },
    ...groups,
  ) as Files;
}

function read(lines: string[], ...groups: Files[]) {
  const { policy, problems } = readPolicy(stateDir(files(lines, ...groups)));
  return { policy, problems: problems.map(placeAndSummary), texts: problems };
}

describe('use', () => {
  it('puts the rules of a group in its place, with names and places of their own', () => {
    const { policy, problems } = read(['rules:', PING, '- {use: admin}', TELNET], ADMIN);
    expect(problems).toEqual([]);
    expect(policy?.rules.map(({ name, at }) => [name, at.file, at.line])).toEqual([
      ['ping', 'policies/edge.yaml', 5],
      ['admin/ssh', 'rulegroups/admin.yaml', 5],
      ['admin/telnet', 'rulegroups/admin.yaml', 6],
      ['telnet', 'policies/edge.yaml', 7],
    ]);
    expect(policy?.rules[1]?.match.source?.lists).toEqual(['ops']);
  });

  it('takes disabled rules along, and tests name what it brings', () => {
    const off = TELNET.replace('}, action', '}, enabled: false, owner: ops, action');
    const tests = (rule: string) => [
      'tests:',
      `- {name: t, packet: {protocol: udp}, expect: pass, rule: ${rule}}`,
    ];
    const { policy, problems } = read(
      ['rules:', '- {use: admin}', ...tests('admin/ssh')],
      group('admin', [SSH, off]),
    );
    expect(problems).toEqual([]);
    expect(policy?.disabled).toMatchObject([{ name: 'admin/telnet', owner: 'ops' }]);
    expect(read(['rules:', '- {use: admin}', ...tests('ssh')], ADMIN).problems).toEqual([
      expect.stringMatching(/^policies\/edge\.yaml:7:.* unknown rule$/),
    ]);
  });

  it('makes the same instance as the rules themselves', async () => {
    const load = async (lines: string[], ...groups: Files[]) => {
      const store = new MemoryObjectStore();
      return (await loadHost({ stateDir: stateDir(files(lines, ...groups)), host: 'edge-1', store })).desired;
    };
    const used = await load(['rules:', '- {use: admin}'], ADMIN);
    const plain = await load([
      'rules:',
      SSH.replace('ssh', 'admin/ssh'),
      TELNET.replace('telnet', 'admin/telnet'),
    ]);
    expect(used.digest).toBe(plain.digest);
    expect(used.lists?.map(({ name, maxShrink }) => [name, maxShrink])).toEqual([['ops', 50]]);
    const strict = await load(
      ['rules:', '- {use: admin}'],
      group('admin', [SSH], 'lists: {ops: {maxShrink: 7%}}'),
    );
    expect(strict.lists?.map(({ name, maxShrink }) => [name, maxShrink])).toEqual([['ops', 7]]);
  });
});

describe('refused', () => {
  it.each<[what: string, lines: string[], groups: Files[], found: string[]]>([
    ['a group that is not there', ['- {use: admn}'], [ADMIN], ['policies/edge.yaml:5:9-13 unknown group']],
    [
      'a group that is used twice',
      ['- {use: admin}', '- {use: admin}'],
      [ADMIN],
      ['policies/edge.yaml:6:9-14 duplicate name'],
    ],
    [
      'a rule with the name of one of a group',
      ['- {use: admin}', TELNET.replace('telnet', 'admin/telnet')],
      [ADMIN],
      ['policies/edge.yaml:6:10-22 duplicate name'],
    ],
    ['no name of a group', ['- {use: 3}'], [], ['policies/edge.yaml:5:9-10 wrong type']],
    ['a path', ['- {use: ../admin}'], [], ['policies/edge.yaml:5:9-17 invalid value']],
    [
      'a mistake in a group',
      ['- {use: bad}'],
      [group('bad', [PING.replace('icmp', 'icpm')])],
      ['rulegroups/bad.yaml:5:34-38 invalid value'],
    ],
    [
      'names that stand twice in it',
      ['- {use: bad}'],
      [group('bad', [PING, PING])],
      ['rulegroups/bad.yaml:6:10-14 duplicate name'],
    ],
    [
      'a list that is not there',
      ['- {use: bad}'],
      [group('bad', [SSH.replace('ops', 'opps')])],
      ['rulegroups/bad.yaml:5:74-78 unknown list'],
    ],
    [
      'a group in a group',
      ['- {use: bad}'],
      [ADMIN, group('bad', ['- {use: admin}'])],
      [
        'rulegroups/bad.yaml:5:3 missing field',
        'rulegroups/bad.yaml:5:3 missing field',
        'rulegroups/bad.yaml:5:4-7 unknown field',
      ],
    ],
    [
      'more rules than a policy may have',
      ['- {use: many}', PING],
      [
        group(
          'many',
          Array.from({ length: 1024 }, (_, at) => TELNET.replace('telnet', `t${at}`)),
        ),
      ],
      ['policies/edge.yaml:4:1-6 too many rules'],
    ],
  ])('%s', (_, lines, groups, found) => {
    expect(read(['rules:', ...lines], ...groups).problems).toEqual(found);
  });

  it('says what to do', () => {
    const [problem] = read(['rules:', '- {use: admn}'], ADMIN).texts;
    expect(problem?.hint).toBe('Did you mean "admin"?');
  });
});

it('lint names the file of the rule, and of those before it', async () => {
  const wide = '- {name: wide, match: {protocol: tcp}, action: drop}';
  const quiet = '# xdpkeep-ignore XK101 the old host still has it';
  const folder = stateDir(
    files(['rules:', wide, '- {use: admin}'], group('admin', [SSH, quiet, TELNET.replace('drop', 'pass')])),
  );
  const { out } = await runCommandLine(['lint', '--state', folder, '--output', 'json'], '1.2.3');
  const { findings, ignored } = JSON.parse(out) as LintReport;
  expect(
    findings.map(({ code, rule, at, by, excerpt }) => ({
      code,
      rule,
      at: at.file,
      by: by[0]?.at?.file,
      excerpt,
    })),
  ).toEqual([
    { code: 'XK101', rule: 'admin/ssh', at: 'rulegroups/admin.yaml', by: 'policies/edge.yaml', excerpt: SSH },
  ]);
  expect(ignored).toBe(1);
  const { out: text } = await runCommandLine(['lint', '--state', folder], '1.2.3');
  expect(text).toContain('wide is on line 5 of policies/edge.yaml');
});

it('validate reads groups that nobody uses, and says which it left out', async () => {
  const spare = group('spare', [PING.replace('icmp', 'icpm')]);
  const folder = stateDir(files(['rules:', PING], spare));
  const run = (...args: string[]) =>
    runCommandLine(['validate', '--state', folder, '--output', 'json', ...args], '1');
  expect((await run()).out).toContain('rulegroups/spare.yaml');
  expect((await run()).exitCode).toBe(65);
  const { out, exitCode } = await run('--host', 'edge-1');
  expect(exitCode).toBe(0);
  expect((JSON.parse(out) as { leftOut: string[] }).leftOut).toEqual([
    'lists/ops.txt',
    'rulegroups/spare.yaml',
  ]);
});
