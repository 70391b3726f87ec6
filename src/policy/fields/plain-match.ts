// A match without `not`: what it leaves out becomes a part of what each field allows, since all values of a field but some are just other
// values. So the compiler and the header space know nothing of `not`, and a policy without it is compiled as before. The reference
// (`matches` in registry.ts) takes no part in this: it asks `not` itself, and tests hold the two together.
import type { FieldName, Match } from '../../model/policy.js';
import { FIELDS } from './registry.js';

const known = new WeakMap<Match, Match>();

/** Matches the same packets. A match without `not` is returned as it is. */
export function plainOf<M extends Match>(match: M): M {
  if (!match.not) return match;
  const made = (known.get(match) as M | undefined) ?? fold(match, match.not);
  known.set(match, made);
  return made;
}

function fold<M extends Match>(match: M, not: NonNullable<Match['not']>): M {
  const plain = { ...match };
  delete plain.not;
  for (const name of Object.keys(not) as FieldName[]) leaveOut(name, plain, not);
  return plain;
}

function leaveOut<N extends FieldName>(name: N, from: Pick<Match, N>, not: Pick<Match, N>): void {
  const values = not[name];
  if (values !== undefined) from[name] = FIELDS[name].except(from[name], values);
}
