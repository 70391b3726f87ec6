// Refuses combinations of fields in a match with which it would silently never match, or match more than it says. What stands under
// `not` goes with the protocols and families beside `not`: the packet has all of its fields.
import type { FieldProblem, Needs, WrittenMatch } from '../../policy/fields/field.js';
import { FIELD_NAMES, FIELDS } from '../../policy/fields/registry.js';

export function* findContradictions({ not, ...match }: WrittenMatch): Generator<FieldProblem> {
  yield* findInFields(match, match);
  if (!not) return;
  for (const { fields, ...problem } of findInFields(not, match)) {
    const [name = 'not', ...others] = fields;
    const { hint } = not.protocol && !match.protocol && others.includes('protocol') ? BESIDE : problem;
    yield {
      ...problem,
      ...(hint !== undefined && { hint }),
      fields: ['not', ...others],
      path: ['not', name],
    };
  }
}

const BESIDE = {
  hint: 'Under `not` stands what the packet does not have: write the protocol that it has, `protocol: tcp`, beside `not`.',
};

/** `fields`, as they stand beside or under `not`, in a match of these protocols and families. */
function* findInFields(fields: WrittenMatch, { protocol, family }: WrittenMatch): Generator<FieldProblem> {
  const protocols = protocol?.map(({ from }) => from);
  for (const name of FIELD_NAMES) {
    if (fields[name] === undefined) continue;
    const { needs, problems } = FIELDS[name];
    if (needs && !isMet(needs, protocols))
      yield { fields: [name, 'protocol'], ...needs.problem(protocols !== undefined) };
    if (problems)
      yield* problems({ [name]: fields[name], ...(protocol && { protocol }), ...(family && { family }) });
  }
}

function isMet({ protocols, mustBeNamed }: Needs, named: number[] | undefined): boolean {
  return named ? named.every((one) => protocols.includes(one)) : !mustBeNamed;
}
