// The policies of docs/state-files.md and docs/matches.md are valid, and their packet tests hold.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decideByReference, runPacketTests } from '../../src/policy/packet-tests.js';
import { readPolicy } from '../desired/readers.js';
import { stateDir } from '../desired/state-dir.js';

/** Lists that the policies name. */
const LISTS = { 'lists/bogons.txt': '240.0.0.0/8\n', 'lists/partners.txt': '192.0.2.0/24\n' };

const text = ['state-files', 'matches'].map((name) => readFileSync(`docs/${name}.md`, 'utf8')).join('\n');
const POLICIES = [...text.matchAll(/^```yaml\n([^`]*^kind: Policy\n[^`]*)^```/gm)].map(
  ([, policy = '']) => policy,
);

test('there are some', () => {
  expect(POLICIES.length).toBeGreaterThan(1);
});

test.each(POLICIES)('%s', (policy) => {
  const read = readPolicy(
    stateDir({ 'policies/edge.yaml': policy.replace(/^name: .*/m, 'name: edge'), ...LISTS }),
  );
  expect(read.problems).toEqual([]);
  if (!read.policy) throw new Error('no policy and no problem');
  const firewall = { policy: read.policy, protections: [] };
  expect(read.policy.tests.length).toBeGreaterThan(0);
  const results = runPacketTests(firewall, decideByReference(firewall, Date.UTC(2026, 0, 1)));
  expect(
    results.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${name}: ${problem}`])),
  ).toEqual([]);
});
