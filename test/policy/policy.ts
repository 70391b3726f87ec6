// Policies for tests that are about something else.
import type { Match, Policy, Rule } from '../../src/model/policy.js';

export const AT = { file: 'policies/p.yaml', line: 1, column: 1 };

export function rule(name: string, match: Match, kind: 'pass' | 'drop', rest: Partial<Rule> = {}): Rule {
  return { name, match, action: { kind }, at: AT, ...rest };
}

/** Passes what no rule decides. */
export function policy(rules: Rule[], rest: Partial<Policy> = {}): Policy {
  return {
    name: 'p',
    default: 'pass',
    rules,
    fragments: 'match',
    malformed: 'drop',
    nonIp: 'pass',
    neighborDiscovery: 'pass',
    mode: 'enforce',
    tests: [],
    at: AT,
    ...rest,
  };
}
