// `xdpkeep test`, in this process and so in the kernel; without privileges: test/scenario/privilege.test.ts.
// needs: lab
import { expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/program.js';
import type { TestReport } from '../../src/model/packet-tests.js';
import { junit } from '../../src/report/packet-tests.js';
import { hostFile, stateDir } from '../desired/state-dir.js';

const HEAD = 'apiVersion: xdpkeep/v1\nkind: Policy\n';
const EDGE = `${HEAD}name: edge
default: drop
rules:
  - {name: web, match: {protocol: tcp, destinationPort: 80}, action: pass}
  - {name: scrub, match: {protocol: udp, destinationPort: 53}, action: {redirect: {interface: nowhere0}}}
  - {name: spread, match: {protocol: udp, destinationPort: 54}, action: {redirect: {cpu: 4000}}}
tests:
  - {name: web works, packet: {destinationPort: 80}, expect: pass, rule: web}
  - {name: dns is scrubbed, packet: {protocol: udp, destinationPort: 53}, expect: redirect, rule: scrub}
  - {name: syslog is spread, packet: {protocol: udp, destinationPort: 54}, expect: redirect}
  - {name: ssh dies, packet: {destinationPort: 22}, expect: drop}
`;
const OTHER = `${HEAD}name: other\ntests:\n  - {name: all pass, packet: {destinationPort: 22}, expect: pass}\n`;
const PROTECT = 'protect:\n  - {protocol: tcp, source: 10.0.0.0/8, destinationPort: 22}\n';
const STATE = {
  'hosts/edge-1.yaml': hostFile('  ens5: {policy: edge}', '  ens6: {policy: edge}') + PROTECT,
  'policies/edge.yaml': EDGE,
  'policies/other.yaml': OTHER,
};

const run = (state: string, ...argv: string[]) =>
  runCommandLine(['test', '--state', state, ...argv], '1.2.3');

test("the host's policies behind its protected flows, and all others, in the kernel", async () => {
  expect(await run(stateDir(STATE), '--host', 'edge-1')).toEqual({
    exitCode: 0,
    out: `ok   edge: web works: pass by web  policies/edge.yaml:10
ok   edge: dns is scrubbed: redirect by scrub  policies/edge.yaml:11
ok   edge: syslog is spread: redirect by spread  policies/edge.yaml:12
ok   edge: ssh dies: drop by (default)  policies/edge.yaml:13
ok   edge: protect entry at line 8 (IPv4 TCP): pass by (protect)  hosts/edge-1.yaml:8
ok   other: all pass: pass by (default)  policies/other.yaml:5
6 tests of 2 policies, 0 failed; decided by: kernel
`,
    err: '',
  });
});

test('a packet that is too long for the kernel is decided by the reference, and it says so', async () => {
  const text = `${HEAD}name: long
rules:
  - {name: jumbo, match: {length: 3000-65535}, action: drop}
tests:
  - {name: most that fits, packet: {length: 3058}, expect: drop, rule: jumbo}
  - {name: one byte more, packet: {length: 3059}, expect: drop, rule: jumbo}
  - {name: the longest, packet: {family: 6, length: 65535}, expect: drop, rule: jumbo}
`;
  const state = stateDir({ ...STATE, 'policies/long.yaml': text });
  const { exitCode, out, err } = await run(state, '--output', 'json');
  const { decidedBy, tests } = JSON.parse(out) as TestReport;
  expect([exitCode, decidedBy]).toEqual([0, 'kernel']);
  const by = tests.filter(({ policy }) => policy === 'long').map((one) => one.decidedBy);
  expect(by).toEqual([undefined, 'reference', 'reference']);
  expect(err).toContain('2 packets are longer than the kernel takes in a test run: decided by the reference');
});

test('without a file for this machine all policies are tested, and it says so', async () => {
  const state = stateDir(STATE);
  const { exitCode, out, err } = await run(state, '--output', 'json');
  const report = JSON.parse(out) as TestReport;
  expect([exitCode, report.kind, report.host, report.failed]).toEqual([0, 'TestReport', undefined, 0]);
  expect(report.tests.map(({ name }) => name)).toEqual([
    'web works',
    'dns is scrubbed',
    'syslog is spread',
    'ssh dies',
    'all pass',
  ]);
  expect(err).toContain('policies are tested without protected flows');
  expect(await run(state, '--host', 'edge-2')).toMatchObject({ exitCode: 66, out: '' });
});

test('one wrong verdict is exit 14, with expected and got', async () => {
  const wrong = EDGE.replace('expect: drop}', 'expect: pass, rule: web}');
  const state = stateDir({ ...STATE, 'policies/edge.yaml': wrong });
  const { exitCode, out } = await run(state, '--host', 'edge-1');
  expect(exitCode).toBe(14);
  expect(out).toContain(
    'FAIL edge: ssh dies: expected pass by web, got drop by (default)  policies/edge.yaml:13\n',
  );
  expect(out).toContain('6 tests of 2 policies, 1 failed');
  const [failed] = (
    JSON.parse((await run(state, '--host', 'edge-1', '--output', 'json')).out) as TestReport
  ).tests.filter(({ passed }) => !passed);
  expect(failed).toEqual({
    policy: 'edge',
    name: 'ssh dies',
    passed: false,
    expected: { verdict: 'pass', rule: 'web' },
    got: { verdict: 'drop', rule: '(default)' },
    at: { file: 'policies/edge.yaml', line: 13, column: 5 },
  });
  const xml = (await run(state, '--host', 'edge-1', '--output', 'junit')).out;
  expect(xml).toContain('<testsuites name="xdpkeep test" tests="6" failures="1">');
  expect(xml).toContain(
    '<testcase classname="edge" name="ssh dies" file="policies/edge.yaml" line="13">' +
      '<failure message="expected pass by web, got drop by (default)" type="verdict">policies/edge.yaml:13</failure></testcase>',
  );
});

test('JUnit: names cannot break the XML', () => {
  const at = { file: 'p', line: 1, column: 1 };
  const named = (name: string): TestReport['tests'][number] => ({
    policy: 'p',
    name,
    passed: true,
    expected: { verdict: 'pass' },
    got: { verdict: 'pass', rule: 'r' },
    at,
  });
  const xml = junit({
    apiVersion: 'xdpkeep/v1',
    kind: 'TestReport',
    decidedBy: 'kernel',
    policies: ['p'],
    failed: 0,
    tests: [named('"><x>&\u0000\u001b[31m\uffff\ud800a\nb\u{1f600}')],
    warnings: [],
  });
  expect(xml).toContain('name="&quot;&gt;&lt;x&gt;&amp;[31ma&#10;b\u{1f600}"');
});

test('invalid state is exit 65; broken programs and other hosts are not looked at', async () => {
  const broken = stateDir({ ...STATE, 'policies/other.yaml': OTHER.replace('pass}', 'fly}') });
  expect(await run(broken)).toMatchObject({ exitCode: 65, out: '' });
  const program = hostFile('  ens5: {policy: edge}', '  ens6: {program: {file: programs/no.bpf.c}}');
  const state = stateDir({ ...STATE, 'hosts/edge-1.yaml': program, 'hosts/b.yaml': 'nonsense' });
  expect(await run(state, '--host', 'edge-1')).toMatchObject({ exitCode: 0 });
});

test('of each layer by itself, and of all together', async () => {
  const base = `${HEAD}name: base
rules:
  - {name: ops, match: {source: 192.0.2.0/24}, action: next}
  - {name: telnet, match: {protocol: tcp, destinationPort: 23}, action: drop}
tests:
  - {name: ops go on, packet: {source: 192.0.2.9, destinationPort: 23}, expect: next, rule: ops}
  - {name: others as well, packet: {source: 198.51.100.9, destinationPort: 22}, expect: next, rule: (default)}
  - {name: no telnet, packet: {source: 198.51.100.9, destinationPort: 23}, expect: drop, rule: telnet}
`;
  const web = `${HEAD}name: web\ndefault: drop\nrules:\n  - {name: telnet, match: {protocol: tcp, destinationPort: 23}, action: pass}\n`;
  const layers = [
    '  ens5:',
    '    policies: [base, web]',
    '    tests:',
    '      - {name: telnet of ops, packet: {source: 192.0.2.9, destinationPort: 23}, expect: pass, rule: web/telnet}',
    '      - {name: wrong, packet: {destinationPort: 22}, expect: pass}',
  ];
  const state = stateDir({
    'hosts/edge-1.yaml': hostFile(...layers),
    'policies/base.yaml': base,
    'policies/web.yaml': web,
  });
  const { out, exitCode } = await run(state, '--host', 'edge-1', '--output', 'json');
  const { policies, tests } = JSON.parse(out) as TestReport;
  expect(exitCode).toBe(14);
  expect(policies).toEqual(['base+web', 'base', 'web']);
  expect(tests.map(({ policy, name, passed }) => `${policy}: ${name}: ${passed}`)).toEqual([
    'base+web: telnet of ops: true',
    'base+web: wrong: false',
    'base: ops go on: true',
    'base: others as well: true',
    'base: no telnet: true',
  ]);
  expect(tests.at(-2)?.got).toEqual({ verdict: 'next', rule: '(default)' });
});
