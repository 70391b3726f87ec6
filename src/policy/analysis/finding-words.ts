// What lint found, in words: why, and what to do about it.
import type { Rule } from '../../model/policy.js';
import type { IgnoreKind, LintKind } from '../../model/lint.js';
import { ANSWERS_IN_FRAGMENTS_HINT } from './answers-in-fragments.js';
import { describeAction } from './decisions.js';
import { IN_PLACE_HINTS } from './in-place.js';
import { NOTE_HINTS } from './notes.js';
import type { Finding } from './lint.js';

/** One sentence without its end. `rules`: those of the policy. */
export function findingDetail(finding: Finding, rules: readonly Rule[]): string {
  const { rule, by, lists = [], about = '' } = finding;
  const name = `rule ${rule.name}`;
  const before = by.join(', ');
  const never = rule.action.kind === 'count' ? 'never counts' : 'never decides';
  switch (finding.kind) {
    case 'shadowed':
      return `${name} ${never}: every packet that it matches is decided before it, by ${before}`;
    case 'overruled':
      return `${name} ${never} there: every packet that it matches is decided before it, by ${before}`;
    case 'redundant':
      if (by.length > 0) return `${name} never decides: ${before} already does the same with all its packets`;
      return `${name} changes nothing: without it, its packets meet the same action further down`;
    case 'contradictory': {
      const action = rules.find((one) => one.name === by[0])?.action;
      const said = action ? ` (${describeAction(action)}, not ${describeAction(rule.action)})` : '';
      return `${name} ${never}: ${before} matches the same packets and does something else${said}`;
    }
    case 'impossible':
      if (by.length > 0) return `${name} ${never}: ${before} decides before the rules`;
      return `${name} matches nothing: no packet has all that it asks for`;
    case 'expired':
      return `${name} matches nothing since ${new Date(rule.until ?? 0).toISOString()}`;
    case 'emptyList':
      if (lists.length === 0) return `${name} asks for an address out of an empty list`;
      return `${name} ${about || 'matches nothing'}: ${lists.join(', ')} has no entry`;
    case 'undecided':
      return `${name} overlaps the rules before it in too many ways to say whether it ${never.replace('never', 'ever')}`;
    case 'mergedPackets':
    case 'hiddenTags':
    case 'answersInFragments':
    case 'missingNote':
    case 'expiring':
      return `${name} ${about}`;
  }
}

export const FINDING_HINTS: Record<LintKind, string> = {
  shadowed: 'Move it up, narrow the rules before it, or remove it.',
  overruled: 'Let the layer before leave its packets to the next one (`action: next`), or remove it.',
  redundant: 'Remove it.',
  contradictory: 'Keep one of the two.',
  impossible:
    'Correct its fields, or remove it; a frame that is not IP reaches the rules with `nonIp: match`.',
  expired: 'Remove it, or give it a later `until`.',
  emptyList: 'Fill the list, or remove the rule.',
  undecided: 'Join rules that differ in one field, or use address lists.',
  ...IN_PLACE_HINTS,
  ...NOTE_HINTS,
  answersInFragments: ANSWERS_IN_FRAGMENTS_HINT,
};

export const IGNORE_HINTS: Record<IgnoreKind, string> = {
  badIgnore: 'Write `# xdpkeep-ignore CODE reason`.',
  idleIgnore: 'Remove the comment, or put it on the line of the rule or alone on the line before.',
};
