// Layers of an interface, from the files of a host: what they are made to, what is refused with which place, what lint and packet
// tests say of them.
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../../../src/cli/program.js';
import { loadHost } from '../../../src/desired/load.js';
import { MemoryObjectStore } from '../../../src/disk/object-store.js';
import { InvalidStateError } from '../../../src/model/diagnostic.js';
import type { LintReport } from '../../../src/model/lint.js';
import { type Files, hostFile, placeAndSummary, stateDir } from '../state-dir.js';

const tcp = (port: number) => `match: {protocol: tcp, destinationPort: ${port}}`;

function policyFile(name: string, ...lines: string[]): Files {
  const text = ['apiVersion: xdpkeep/v1', 'kind: Policy', `name: ${name}`, ...lines, ''].join('\n');
  return { [`policies/${name}.yaml`]: text };
}

const BASE = policyFile(
  'base',
  'rules:',
  `- {name: ops, match: {source: {list: ops}}, action: next}`,
  `- {name: telnet, ${tcp(23)}, action: drop}`,
  'lists: {ops: {maxShrink: 20%}}',
  'tests:',
  '- {name: ops go on, packet: {source: 192.0.2.9, destinationPort: 23}, expect: next, rule: ops}',
  '- {name: others as well, packet: {source: 198.51.100.9}, expect: next, rule: (default)}',
  '- {name: no telnet, packet: {source: 198.51.100.9, destinationPort: 23}, expect: drop, rule: telnet}',
);
const WEB = policyFile(
  'web',
  'default: drop',
  'rules:',
  `- {name: http, ${tcp(80)}, action: pass}`,
  `- {name: telnet, ${tcp(23)}, action: pass}`,
  '- {name: ops, match: {source: {list: ops}}, action: pass}',
);
const ALL = { ...BASE, ...WEB, 'lists/ops.txt': '192.0.2.0/24\n' };
const LAYERS = '  ens5: {policies: [base, web]}';

function folder(files: Files, ...interfaces: string[]): string {
  return stateDir({ ...files, 'hosts/edge-1.yaml': hostFile(...interfaces) });
}

async function load(files: Files, ...interfaces: string[]) {
  const store = new MemoryObjectStore();
  return (await loadHost({ stateDir: folder(files, ...interfaces), host: 'edge-1', store })).desired;
}

async function problems(files: Files, ...interfaces: string[]): Promise<string[]> {
  const error = await load(files, ...interfaces).catch((one: unknown) => one);
  if (!(error instanceof InvalidStateError)) throw new Error('nothing is wrong');
  return error.diagnostics.map(placeAndSummary);
}

async function json<T>(command: string, state: string, ...more: string[]): Promise<T> {
  const { out } = await runCommandLine([command, '--state', state, '--output', 'json', ...more], '1');
  return JSON.parse(out) as T;
}

it('are one policy, with the lists and places of each', async () => {
  const { interfaces, lists } = await load(ALL, LAYERS, '  ens6: {policies: [base, web]}');
  const [one, other] = interfaces.map(({ program }) => program);
  expect(one?.label).toBe('policy base+web');
  expect(one?.firewall).toBe(other?.firewall);
  expect(one?.firewall?.policy.rules.map(({ name, at }) => `${name} ${at.file}:${at.line}`)).toEqual([
    'base/ops policies/base.yaml:5',
    'base/telnet policies/base.yaml:6',
    'web/http policies/web.yaml:6',
    'web/telnet policies/web.yaml:7',
    'web/ops policies/web.yaml:8',
  ]);
  expect(lists?.map(({ name, maxShrink }) => [name, maxShrink])).toEqual([['ops', 20]]);
});

it('where a layer ends is part of what runs, and its tests of what is wanted', async () => {
  const [two, three, tested] = await Promise.all([
    load(ALL, LAYERS),
    load({ ...ALL, ...policyFile('mid') }, '  ens5: {policies: [base, mid, web]}'),
    load(
      {
        ...ALL,
        'policies/base.yaml': String(BASE['policies/base.yaml']).replace('ops go on', 'another name'),
      },
      LAYERS,
    ),
  ]);
  const programOf = ({ interfaces: [one] }: typeof two) => one?.program;
  expect(programOf(three)?.digest).not.toBe(programOf(two)?.digest);
  expect(programOf(tested)?.digest).toBe(programOf(two)?.digest);
  expect(tested.written).not.toBe(two.written);
});

describe('refused', () => {
  it.each<[what: string, files: Files, lines: string[], found: string[]]>([
    ['one alone', ALL, ['  ens5: {policies: [base]}'], ['hosts/edge-1.yaml:5:10-18 invalid value']],
    ['one twice', ALL, ['  ens5: {policies: [web, web]}'], ['hosts/edge-1.yaml:5:10-18 invalid value']],
    [
      'beside `policy`',
      ALL,
      ['  ens5: {policy: web, policies: [base, web]}'],
      ['hosts/edge-1.yaml:5:23-31 invalid value'],
    ],
    [
      'one that is not there',
      ALL,
      ['  ens5: {policies: [base, wbe]}'],
      ['hosts/edge-1.yaml:5:27-30 unknown policy'],
    ],
    [
      '`next` in the last one',
      ALL,
      ['  ens5: {policies: [web, base]}'],
      ['hosts/edge-1.yaml:5:26-30 no next layer'],
    ],
    ['`next` in the only one', ALL, ['  ens5: {policy: base}'], ['hosts/edge-1.yaml:5:18-22 no next layer']],
    [
      'a setting in two ways',
      { ...ALL, ...policyFile('strict', 'nonIp: drop'), ...policyFile('last', 'nonIp: pass') },
      ['  ens5: {policies: [strict, last]}'],
      ['hosts/edge-1.yaml:5:29-33 layers that disagree'],
    ],
    [
      'audit for one of them',
      { ...ALL, ...policyFile('last', 'mode: audit') },
      ['  ens5: {policies: [base, last]}'],
      ['hosts/edge-1.yaml:5:27-31 layers that disagree'],
    ],
    [
      'a test of a rule that is not there',
      ALL,
      [
        '  ens5:',
        '    policies: [base, web]',
        '    tests: [{name: t, packet: {protocol: tcp}, expect: pass, rule: http}]',
      ],
      ['hosts/edge-1.yaml:7:13 unknown rule'],
    ],
    [
      'tests without layers',
      ALL,
      ['  ens5: {policy: web, tests: []}'],
      ['hosts/edge-1.yaml:5:23-28 invalid value'],
    ],
  ])('%s', async (_, files, lines, found) => {
    expect(await problems(files, ...lines)).toEqual(found);
  });

  it('says where the two stand', async () => {
    const files = { ...ALL, ...policyFile('strict', 'nonIp: drop'), ...policyFile('last', 'nonIp: pass') };
    const error = (await load(files, '  ens5: {policies: [strict, last]}').catch(
      (one: unknown) => one,
    )) as InvalidStateError;
    expect(error.diagnostics[0]?.detail).toBe(
      'policy last says `nonIp: pass` (policies/last.yaml:4), and strict `nonIp: drop` (policies/strict.yaml:4): it holds for all layers',
    );
  });
});

describe('lint', () => {
  const lint = async (files: Files, ...lines: string[]) =>
    (await json<LintReport>('lint', folder(files, ...lines))).findings.map(
      ({ code, policy, rule, by, packet }) => ({
        code,
        policy,
        rule,
        by: by.map(({ row, at }) => `${row} ${at?.file ?? ''}`),
        ...(packet && { packet: packet['destinationPort'] }),
      }),
    );

  it('finds what other layers decide, and not what `next` lets through', async () => {
    // web/telnet still decides for ops.
    expect(await lint(ALL, LAYERS)).toEqual([]);
    const closed = {
      ...ALL,
      'policies/base.yaml': String(BASE['policies/base.yaml']).replace('action: next', 'action: count'),
    };
    const open = closed['policies/base.yaml'].replace(/tests:[^]*/, '');
    expect(await lint({ ...closed, 'policies/base.yaml': open }, LAYERS)).toEqual([
      {
        code: 'XK122',
        policy: 'base+web',
        rule: 'web/telnet',
        by: ['base/telnet policies/base.yaml'],
        packet: 23,
      },
    ]);
  });

  it('takes what is left of a layer for going on, where one is behind it', async () => {
    const spare = policyFile('spare', 'rules:', `- {name: http, ${tcp(80)}, action: pass}`);
    expect(await lint({ ...ALL, ...spare }, LAYERS)).toMatchObject([{ code: 'XK102', policy: 'spare' }]);
    expect(await lint({ ...ALL, ...spare }, '  ens5: {policies: [spare, web]}')).toMatchObject([
      { code: 'XK122', policy: 'spare+web', rule: 'web/http' },
    ]);
  });

  it('a comment in the file of the layer silences it', async () => {
    const quiet = '# xdpkeep-ignore XK122 the host of ops has its own base';
    const text = String(WEB['policies/web.yaml']).replace('- {name: telnet', `${quiet}\n- {name: telnet`);
    const base = policyFile('base', 'rules:', `- {name: telnet, ${tcp(23)}, action: drop}`);
    const state = folder({ ...ALL, ...base, 'policies/web.yaml': text }, LAYERS);
    expect(await json<LintReport>('lint', state)).toMatchObject({ findings: [], ignored: 1 });
  });
});
