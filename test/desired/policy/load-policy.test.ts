// Whole state directories: hosts with policies, what is the same and what is not, and all problems of all files.
import { expect, test } from 'vitest';
import { readBuiltin } from '../../../src/desired/programs/builtins.js';
import { loadHost } from '../../../src/desired/load.js';
import { validateState } from '../../../src/desired/load-all.js';
import { MemoryObjectStore } from '../../../src/disk/object-store.js';
import type { DesiredProgram, DesiredState } from '../../../src/model/desired.js';
import { compilePolicy } from '../../../src/policy/compile/compile.js';
import { placeAndSummary, type Files, hostFile, policyFile, stateDir } from '../state-dir.js';

const FILES = {
  'hosts/edge-1.yaml': `${hostFile('  ens5: {policy: edge}')}protect:\n- {protocol: tcp, source: {list: admins}}\n`,
  'policies/edge.yaml': policyFile(
    'rules:',
    '- {name: bogons, match: {source: {list: bogons}}, action: drop}',
    'tests:',
    '- {name: t, packet: {}, expect: pass}',
  ),
  'lists/bogons.txt': '192.0.2.0/24\n2001:db8::/32\n',
  'lists/admins.txt': '10.0.0.0/8\n',
};

async function load(change: Partial<Record<keyof typeof FILES, string>> = {}, more: Files = {}) {
  const store = new MemoryObjectStore();
  const folder = stateDir({ ...FILES, ...change, ...more });
  const { desired, warnings } = await loadHost({ stateDir: folder, store, host: 'edge-1' });
  return { desired, warnings, store, program: programOf(desired) };
}

function programOf(desired: DesiredState): DesiredProgram {
  const [first] = desired.interfaces;
  if (!first) throw new Error('nothing is wanted');
  return first.program;
}

test('a policy becomes the firewall that ships, with its tables', async () => {
  const { program, store, warnings } = await load();
  expect(warnings).toEqual([]);
  expect(program).toMatchObject({ label: 'policy edge', origin: 'policy', function: 'firewall' });
  expect(program.digest).toMatch(/^[0-9a-f]{16}$/);
  expect(store.get(program.object)).toEqual(readBuiltin('firewall').bytes);
  expect(program.firewall?.policy.rules.map(({ name }) => name)).toEqual(['bogons']);
  expect(program.firewall?.protections).toMatchObject([
    { match: { source: { lists: ['admins'] } }, at: { file: 'hosts/edge-1.yaml', line: 7, column: 3 } },
  ]);
  if (program.firewall) compilePolicy(program.firewall.policy, program.firewall.protections);
});

const moved = (text: string) => text.replace('kind', '# a comment\nkind');
const policy = FILES['policies/edge.yaml'];

test.each<
  [name: string, change: Partial<Record<keyof typeof FILES, string>>, instance: boolean, state: boolean]
>([
  [
    'lines that moved',
    { 'policies/edge.yaml': moved(policy), 'hosts/edge-1.yaml': moved(FILES['hosts/edge-1.yaml']) },
    true,
    true,
  ],
  [
    'the order and the comments of a list',
    { 'lists/bogons.txt': '2001:db8::/32 # doc\n192.0.2.0/24\n' },
    true,
    true,
  ],
  [
    'addresses in place of a list',
    { 'policies/edge.yaml': policy.replace('{list: bogons}', '[192.0.2.0/24, "2001:db8::/32"]') },
    true,
    true,
  ],
  ['a test', { 'policies/edge.yaml': policy.replace('expect: pass', 'expect: drop') }, true, false],
  ['the content of a list', { 'lists/bogons.txt': '192.0.2.0/25\n2001:db8::/32\n' }, false, false],
  ['the content of a protected list', { 'lists/admins.txt': '10.0.0.0/9\n' }, false, false],
  [
    'not of what it was',
    { 'policies/edge.yaml': policy.replace('source: {list: bogons}', 'not: {source: {list: bogons}}') },
    false,
    false,
  ],
  ['a rule name', { 'policies/edge.yaml': policy.replace('name: bogons', 'name: bogon') }, false, false],
  ['an action', { 'policies/edge.yaml': policy.replace('action: drop', 'action: tx') }, false, false],
  ['a setting', { 'policies/edge.yaml': policy.replace('rules', 'mode: audit\nrules') }, false, false],
  [
    'a limit',
    { 'policies/edge.yaml': policy.replace('drop}', 'drop, rateLimit: {packetsPerSecond: 1}}') },
    false,
    false,
  ],
])('%s', async (_name, change, sameInstance, sameState) => {
  const before = await load();
  const after = await load(change);
  expect(after.program.digest === before.program.digest).toBe(sameInstance);
  expect(after.desired.digest === before.desired.digest).toBe(sameState);
});

test('protect without a policy is a warning', async () => {
  const text = FILES['hosts/edge-1.yaml'].replace('policy: edge', 'program: {builtin: icmp-drop}');
  const { warnings, program } = await load({ 'hosts/edge-1.yaml': text });
  expect(warnings.map(placeAndSummary)).toEqual(['hosts/edge-1.yaml:6:1-8 nothing is protected']);
  expect(program.firewall).toBeUndefined();
});

test('a host does not mind policies and lists that it does not name', async () => {
  const { warnings } = await load({}, { 'policies/other.yaml': 'x', 'lists/other.txt': 'x' });
  expect(warnings).toEqual([]);
});

test('an unknown policy is an error where it is named', async () => {
  const text = hostFile('  ens5: {policy: egde}');
  await expect(load({ 'hosts/edge-1.yaml': text })).rejects.toMatchObject({
    diagnostics: [
      {
        summary: 'unknown policy',
        detail: 'there is no file policies/egde.yaml; the policies are edge',
        hint: 'Did you mean "edge"?',
        at: { file: 'hosts/edge-1.yaml', line: 5, column: 18 },
        endColumn: 22,
      },
    ],
  });
});

test('all problems of all files are told in one run, each once', async () => {
  const folder = stateDir({
    'hosts/a.yaml': hostFile('  e: {policy: edge}', '  f: {policy: non}').replace('edge-1', 'a'),
    'hosts/b.yaml': `${hostFile('  e: {policy: edge}').replace('edge-1', 'b')}protect: [{source: {list: bad}}]\n`,
    'policies/edge.yaml': policyFile(
      'default: no',
      'rules:',
      '- {name: a, match: {source: {list: bad}}, action: drop}',
    ),
    'policies/unused.yaml': policyFile().replace('edge', 'unused') + 'mode: x\n',
    'policies/stray.yml': '',
    'lists/bad.txt': 'x\n',
    'lists/unused.txt': '::1\n10.0.0.1/8\n',
    'lists/stray': '',
  });
  const { hosts, policies, lists, diagnostics } = await validateState(
    { stateDir: folder, store: new MemoryObjectStore() },
    { exec: true },
  );
  expect({ hosts, policies, lists }).toEqual({
    hosts: ['a', 'b'],
    policies: ['edge', 'unused'],
    lists: ['bad', 'unused'],
  });
  expect(diagnostics.map(placeAndSummary)).toEqual([
    'hosts/a.yaml:6:15-18 unknown policy',
    'lists/bad.txt:1:1-2 invalid address',
    'lists/stray:1:1 file is not read',
    'lists/unused.txt:2:1-11 host bits set',
    'policies/edge.yaml:4:10-12 invalid value',
    'policies/stray.yml:1:1 file is not read',
    'policies/unused.yaml:4:7-8 invalid value',
  ]);
});

test('where a setting is written, and whether, is no part of the digests', async () => {
  const unwritten = await load({ 'policies/edge.yaml': policyFile('mode: enforce') });
  const written = await load({ 'policies/edge.yaml': policyFile('', 'nonIp: pass', 'mode: enforce') });
  expect(written.program.digest).toBe(unwritten.program.digest);
  expect(written.desired.written).toBe(unwritten.desired.written);
});
