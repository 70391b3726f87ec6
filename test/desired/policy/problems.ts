// What is wrong in a policy of one rule or test, and where: `policies/edge.yaml` is read, beside the list `bogons`.
import type { Diagnostic } from '../../../src/model/diagnostic.js';
import { readPolicy } from '../readers.js';
import { placeAndSummary, policyFile, stateDir } from '../state-dir.js';

export function problemsOf(text: string): Diagnostic[] {
  return readPolicy(stateDir({ 'policies/edge.yaml': text, 'lists/bogons.txt': '10.0.0.0/8\n' })).problems;
}

export const short = (problem: Diagnostic) => placeAndSummary(problem).replace('policies/edge.yaml:', '');

/** The match stands in line 5, from column 16 on. */
export const withMatch = (match: string) =>
  policyFile('rules:', `- {name: abc, match: {${match}}, action: drop}`);
/** The rule stands in line 5, from column 3 on. */
export const withRule = (rule: string) => policyFile('rules:', `- ${rule}`);
export const withTest = (packet: string, rest = '') =>
  policyFile('tests:', `- {name: tt, packet: {${packet}}, expect: drop${rest}}`);
