// Who the bits of a vector belong to. A match has one for each of its plain matches: several only where it asks for services of which
// protocols have different ports, and none where no packet can match.
import type { Match, Policy, Protection } from '../../model/policy.js';
import { plainOf } from '../fields/plain-match.js';

interface Bits {
  /** Those of protect entries, the first ones. */
  protections: number;
  /** Bit behind those -> index of its rule. */
  rules: number[];
}

export function shareBits({ rules }: Policy, protections: readonly Protection[]): Bits {
  return {
    protections: protections.reduce((sum, { match }) => sum + bitsOf(match), 0),
    rules: rules.flatMap(({ match }, rule) => Array.from({ length: bitsOf(match) }, () => rule)),
  };
}

function bitsOf(match: Match): number {
  return plainOf(match).length;
}
