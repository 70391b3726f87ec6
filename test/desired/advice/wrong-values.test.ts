// Every field of every state file, with values that are wrong in the ways that people are: one message, with what to do, that is not only
// the name of a document. And the example of each field, which is right where it says.
import { expect, test } from 'vitest';
import { readConfig } from '../../../src/desired/config/config-file.js';
import { schemaPlaces, type WrittenKind } from '../../../src/desired/json-schema.js';
import { type Diagnostic, InvalidStateError } from '../../../src/model/diagnostic.js';
import { readHost, readPolicy } from '../readers.js';
import { stateDir } from '../state-dir.js';

type Fields = Record<string, unknown>;

const POLICY = { apiVersion: 'xdpkeep/v1', kind: 'Policy', name: 'edge' };
const HOST = { apiVersion: 'xdpkeep/v1', kind: 'Host', name: 'edge-1', interfaces: {} };
const RULE = { name: 'a', action: 'drop' };
const TEST = { name: 't', packet: {}, expect: 'pass' };

const inRule = (rule: Fields) => ({ ...POLICY, rules: [{ ...RULE, ...rule }] });
const inTest = (test: Fields) => ({ ...POLICY, tests: [{ ...TEST, ...test }] });

/** Where fields stand: the kind of file, the path of the map in its schema, and a file with such a map. */
const PLACES: { kind: WrittenKind; path: PropertyKey[]; file: (fields: Fields) => Fields }[] = [
  { kind: 'policy', path: [], file: (fields) => ({ ...POLICY, ...fields }) },
  { kind: 'policy', path: ['rules', 0], file: inRule },
  { kind: 'policy', path: ['rules', 0, 'match'], file: (match) => inRule({ match }) },
  {
    kind: 'policy',
    path: ['rules', 0, 'rateLimit'],
    file: (limit) =>
      inRule({ rateLimit: 'bytesPerSecond' in limit ? limit : { packetsPerSecond: 9, ...limit } }),
  },
  { kind: 'policy', path: ['rules', 0, 'log'], file: (log) => inRule({ log }) },
  {
    kind: 'policy',
    path: ['rules', 0, 'action', 'redirect'],
    file: (redirect) => inRule({ action: { redirect } }),
  },
  { kind: 'policy', path: ['tests', 0], file: inTest },
  { kind: 'policy', path: ['tests', 0, 'packet'], file: (packet) => inTest({ packet }) },
  {
    kind: 'policy',
    path: ['lists', 'bogons'],
    file: (bogons) => ({ ...inRule({ match: { source: { list: 'bogons' } } }), lists: { bogons } }),
  },
  { kind: 'host', path: [], file: (fields) => ({ ...HOST, ...fields }) },
  {
    kind: 'host',
    path: ['interfaces', 'ens5'],
    file: (ens5) => ({
      ...HOST,
      interfaces: { ens5: 'program' in ens5 ? ens5 : { policy: 'edge', ...ens5 } },
    }),
  },
  { kind: 'host', path: ['protect', 0], file: (entry) => ({ ...HOST, protect: [entry] }) },
  {
    kind: 'host',
    path: ['probes', 0],
    file: (probe) => ({
      ...HOST,
      probes: [Object.keys(probe)[0] === 'ping' ? probe : { dns: 'a', ...probe }],
    }),
  },
  { kind: 'host', path: ['connections'], file: (connections) => ({ ...HOST, connections }) },
  {
    kind: 'host',
    path: ['connections', 'timeouts'],
    file: (timeouts) => ({ ...HOST, connections: { timeouts } }),
  },
  {
    kind: 'host',
    path: ['connections', 'timeouts', 'tcp'],
    file: (tcp) => ({ ...HOST, connections: { timeouts: { tcp } } }),
  },
  { kind: 'host', path: ['guard'], file: (guard) => ({ ...HOST, guard: { window: '5s', ...guard } }) },
  { kind: 'config', path: [], file: (fields) => fields },
  { kind: 'config', path: ['source'], file: (source) => ({ source: { git: '/srv/a.git', ...source } }) },
  {
    kind: 'config',
    path: ['verify'],
    file: (verify) => ({ verify: { allowedSigners: '/etc/a', ...verify } }),
  },
];

function problemsOf(kind: WrittenKind, text: string): Diagnostic[] {
  if (kind === 'config') return configProblems(text);
  const folder = stateDir({
    'lists/bogons.txt': '10.0.0.0/8\n',
    'policies/edge.yaml': kind === 'policy' ? text : JSON.stringify(POLICY),
    'hosts/edge-1.yaml': text,
  });
  return kind === 'policy' ? readPolicy(folder).problems : readHost(folder).problems;
}

function configProblems(text: string): Diagnostic[] {
  try {
    readConfig(`${stateDir({ 'config.yaml': text })}/config.yaml`);
    return [];
  } catch (error) {
    if (error instanceof InvalidStateError) return error.diagnostics;
    throw error;
  }
}

const WRONG = [
  null,
  true,
  -1,
  1.5,
  99999999999999,
  {},
  [],
  [[]],
  { oops: 1 },
  'any',
  'oops',
  '1,2',
  '!x',
  '> 5',
  '',
];

/** Two kinds of the same thing, of which one is to be removed, whatever it says. */
const EXCLUDES: Record<string, string[]> = { probes: ['ping', 'tcp', 'http', 'exec'], rules: ['use'] };

test.each(PLACES)('wrong values of $kind $path', ({ kind, path, file }) => {
  const bad: string[] = [];
  const fields = schemaPlaces(kind).fields(path);
  for (const field of fields.filter((one) => EXCLUDES[String(path[0])]?.includes(one) !== true)) {
    for (const value of WRONG) {
      const problems = problemsOf(kind, JSON.stringify(file({ [field]: value })));
      const lines = problems.map(
        ({ at, detail, hint }) => `${at.line}:${at.column} ${detail} | ${hint ?? ''}`,
      );
      const isSaid = problems.every(
        ({ hint = '', detail }) =>
          hint.length > 4 && !/docs\/|xdpkeep schema/.test(hint) && !/Too |Invalid |expected /.test(detail),
      );
      if (problems.length > 1 || !isSaid)
        bad.push(`${field}: ${JSON.stringify(value)}\n    ${lines.join('\n    ')}`);
    }
  }
  expect(bad.join('\n')).toBe('');
});
