// Refuses combinations of fields in a match with which it would silently never match, or match more than it says.
import type { FieldProblem, Needs, WrittenMatch } from '../../policy/fields/field.js';
import { FIELD_NAMES, FIELDS } from '../../policy/fields/registry.js';

export function* findContradictions(match: WrittenMatch): Generator<FieldProblem> {
  const protocols = match.protocol?.map(({ from }) => from);
  for (const name of FIELD_NAMES) {
    if (match[name] === undefined) continue;
    const { needs, problems } = FIELDS[name];
    if (needs && !isMet(needs, protocols))
      yield { fields: [name, 'protocol'], ...needs.problem(protocols !== undefined) };
    if (problems) yield* problems(match);
  }
}

function isMet({ protocols, mustBeNamed }: Needs, named: number[] | undefined): boolean {
  return named ? named.every((one) => protocols.includes(one)) : !mustBeNamed;
}
