// What becomes of answers that are longer than a packet where `default: drop` keeps strangers out and a rule lets answers in: `fragments`
// decides before the rules, or leaves later fragments, which have no ports, to them.
import type { Policy, Rule } from '../../model/policy.js';
import { PROTOCOLS } from '../../model/names.js';
import { plainOf } from '../fields/plain-match.js';
import { FIELD_NAMES, FIELDS } from '../fields/registry.js';
import { letsIn } from '../row-verdict.js';

const ABOUT: Record<Policy['fragments'], string> = {
  pass: 'lets answers in, with the rest of those in fragments, but `fragments: pass` lets later fragments of everybody in before it',
  drop: 'lets answers in, but `fragments: drop` drops what follows the first fragment of one before it',
  match:
    'lets answers in, but not what follows the first fragment of one: that has no ports and types, and no other rule for answers takes it',
};

export const ANSWERS_IN_FRAGMENTS_HINT =
  'Leave `fragments` out, and let a rule pass `connection: established` without ports, types and flags: what follows a first fragment that it lets in comes in as well.';

/** The rule that is meant, and what is wrong, from its name on; `undefined` where nothing is. */
export function doubtFragments(policy: Policy): { rule: Rule; about: string } | undefined {
  const { rules, fragments } = policy;
  const letting = policy.default === 'drop' ? rules.filter(letsAnswersIn) : [];
  if (fragments === 'match' && letting.some(takesTheRest)) return undefined;
  const rule = fragments === 'match' ? letting.find(takesDatagrams) : letting[0];
  return rule && { rule, about: ABOUT[fragments] };
}

function letsAnswersIn({ match, action }: Rule): boolean {
  return plainOf(match).connection?.includes('established') === true && letsIn(action);
}

/** Streams do not come in fragments: TCP sends what the path takes. */
function takesDatagrams({ match }: Rule): boolean {
  const { protocol } = plainOf(match);
  return protocol?.every(({ from, to }) => from === PROTOCOLS.tcp && to === PROTOCOLS.tcp) !== true;
}

function takesTheRest(rule: Rule): boolean {
  const match = plainOf(rule.match);
  if (match.fragment && !match.fragment.includes('later')) return false;
  return FIELD_NAMES.every((name) => FIELDS[name].layer !== 'transport' || match[name] === undefined);
}
