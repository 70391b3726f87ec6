// What is refused about actions, with the exact place: "<line>:<column>-<end> <summary>".
import { expect, test } from 'vitest';
import { readPolicy } from '../readers.js';
import { placeAndSummary, policyFile, stateDir } from '../state-dir.js';

const counting = (name: string, rest = '') => `- {name: ${name}, action: count${rest}}`;
const TEST = '- {name: tt, packet: {}, expect: drop, rule: seen}';

test.each<[name: string, text: string, expected: string[]]>([
  [
    '129 rules that count',
    policyFile('rules:', ...Array.from({ length: 129 }, (_, at) => counting(`r${at}`))),
    ['133:10-14 too many rules that count'],
  ],
  [
    'a test of a rule that counts',
    policyFile('rules:', counting('seen'), 'tests:', TEST),
    ['7:46-50 rule that only counts'],
  ],
  [
    'a test of one that would count, were it in force',
    policyFile('rules:', counting('seen', ', enabled: false'), 'tests:', TEST),
    ['7:46-50 disabled rule'],
  ],
  [
    'an unknown code',
    policyFile('rules:', '- {name: a, action: {reject: {icmp: icmp-port-unreachable}}}'),
    ['5:37-58 invalid value'],
  ],
  ['no code', policyFile('rules:', '- {name: a, action: {reject: {}}}'), ['5:22-28 missing field']],
])('%s', (_name, text, expected) => {
  const { problems } = readPolicy(stateDir({ 'policies/edge.yaml': text }));
  expect(problems.map((one) => placeAndSummary(one).replace('policies/edge.yaml:', ''))).toEqual(expected);
});
