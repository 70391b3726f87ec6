// Who the bits of a vector belong to. A match has one for each of its plain matches: several only where it asks for services of which
// protocols have different ports.
import type { Match, Policy, Protection } from '../../model/policy.js';
import { plainOf } from '../fields/plain-match.js';

export interface BitShares {
  /** Those of protect entries, the first ones. */
  protections: number;
  /** Bit behind those -> index of its rule. */
  rules: number[];
  /** The first bit that is of this rule or of one behind it; behind all bits where there is none. */
  firstOf: (rule: number) => number;
}

export function shareBits({ rules }: Policy, protections: readonly Protection[]): BitShares {
  const ofProtections = protections.reduce((sum, { match }) => sum + bitsOf(match), 0);
  const starts = [ofProtections];
  for (const { match } of rules) starts.push((starts.at(-1) ?? 0) + bitsOf(match));
  return {
    protections: ofProtections,
    rules: rules.flatMap(({ match }, rule) => Array.from({ length: bitsOf(match) }, () => rule)),
    firstOf: (rule) => starts[Math.min(rule, rules.length)] ?? ofProtections,
  };
}

function bitsOf(match: Match): number {
  return plainOf(match).length;
}
