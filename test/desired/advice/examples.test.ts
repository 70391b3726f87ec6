// The example of a field is YAML, and right where it stands in a match, a rule or a Host file.
import { expect, test } from 'vitest';
import { EXAMPLES, exampleOf } from '../../../src/desired/advice/examples.js';
import { schemaPlaces } from '../../../src/desired/json-schema.js';
import { readHost, readPolicy } from '../readers.js';
import { hostFile, policyFile, stateDir } from '../state-dir.js';

const PROTOCOL: Record<string, string> = {
  sourcePort: 'protocol: udp, ',
  destinationPort: 'protocol: udp, ',
  icmpType: 'protocol: icmp, ',
  icmpCode: 'protocol: icmp, ',
};

test.each(schemaPlaces('match').fields([]))('%s in a match', (field) => {
  const match = `${PROTOCOL[field] ?? ''}${field}: ${EXAMPLES[field] ?? ''}`;
  const text = policyFile('rules:', `- {name: a, action: drop, match: {${match}}}`);
  expect(readPolicy(stateDir({ 'policies/edge.yaml': text })).problems).toEqual([]);
});

test.each(['rateLimit', 'log', 'until'])('%s in a rule', (field) => {
  const text = policyFile('rules:', `- {name: a, action: drop, ${field}: ${EXAMPLES[field] ?? ''}}`);
  expect(readPolicy(stateDir({ 'policies/edge.yaml': text })).problems).toEqual([]);
});

test.each(['rules', 'tests'])('%s of a policy', (field) => {
  const text = policyFile(`${field}: ${EXAMPLES[field] ?? ''}`);
  expect(readPolicy(stateDir({ 'policies/edge.yaml': text })).problems).toEqual([]);
});

test.each(['protect', 'probes', 'guard', 'confirm'])('%s of a host', (field) => {
  const text = hostFile('  ens5: {policy: edge}', `${field}: ${EXAMPLES[field] ?? ''}`);
  const files = { 'hosts/edge-1.yaml': text, 'policies/edge.yaml': policyFile() };
  expect(readHost(stateDir(files)).problems).toEqual([]);
});

test('the longest end of a path decides', () => {
  expect(exampleOf(['rules', 0, 'match', 'source'])).toContain('[192.0.2.0/24,');
  expect(exampleOf(['tests', 0, 'packet', 'source'])).toBe('Write it like `source: 192.0.2.1`.');
  expect(exampleOf(['nothing', 'like', 'it'])).toBeUndefined();
});
