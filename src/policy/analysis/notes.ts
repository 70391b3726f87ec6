// What a repository asks of each rule besides: who answers for it, until when it holds.
import type { LintKind } from '../../model/lint.js';
import type { Rule } from '../../model/policy.js';
import type { LintOptions } from '../../model/repository.js';

interface AboutNotes {
  kind: Extract<LintKind, 'missingNote' | 'expiring'>;
  rule: Rule;
  by: string[];
  about: string;
}

/** `now`: wall clock, ms since 1970 (UTC). */
export function lintNotes(rule: Rule, now: number, { required, expiry }: LintOptions): AboutNotes[] {
  const missing = required.filter((field) => rule[field] === undefined);
  const { until } = rule;
  const found: AboutNotes[] = [];
  if (missing.length > 0) found.push({ kind: 'missingNote', rule, by: [], about: lacks(missing) });
  if (until !== undefined && expiry !== undefined && until > now && until <= now + expiry)
    found.push({ kind: 'expiring', rule, by: [], about: `ends at ${new Date(until).toISOString()}` });
  return found;
}

function lacks(fields: string[]): string {
  return `has no ${fields.map((field) => `\`${field}\``).join(' and no ')}`;
}

export const NOTE_HINTS: Record<AboutNotes['kind'], string> = {
  missingNote: 'Add it: xdpkeep.yaml asks each rule for it.',
  expiring: 'Give it a later `until` if it is still needed.',
};
