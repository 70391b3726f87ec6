// Chooses the alternative of a union that was meant: the one with the YAML type of the value.
import type * as z from 'zod';

type Issue = z.core.$ZodIssue;

/** What is wrong with the alternative that was meant; the issue itself when the value is of no type that may be. */
export function unfold(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const maybe = issue.errors
    .map((alternative) => alternative.flatMap(unfold))
    .filter((unfolded) => !unfolded.some(isOtherType));
  const meant = maybe.find((unfolded) => !unfolded.some(isUnknownField)) ?? maybe[0];
  if (!meant) return [issue];
  return withoutMissing(meant).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function isUnknownField({ code, path }: Issue): boolean {
  return code === 'unrecognized_keys' && path.length === 0;
}

function isOtherType(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_value') return typeof issue.input === 'object';
  return issue.code === 'invalid_type' || issue.code === 'invalid_union';
}

/** Where a field is unknown, a missing field is the same mistake: only the unknown one is reported. */
function withoutMissing(issues: Issue[]): Issue[] {
  return issues.some(isUnknownField)
    ? issues.filter(({ input, path }) => !(input === undefined && path.length === 1))
    : issues;
}

/** zod's names of the types that are allowed. */
export function expectedTypes(issue: Issue): string[] {
  if (issue.code === 'invalid_type') return [issue.expected];
  if (issue.code === 'invalid_value') return ['string'];
  return issue.code === 'invalid_union'
    ? [...new Set(issue.errors.flat().filter(isOtherType).flatMap(expectedTypes))]
    : [];
}
