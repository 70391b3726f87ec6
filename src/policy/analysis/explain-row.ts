// Describes the row that decided a packet: what it does, where it stands, and what a rate limit would change.
import type { HostPolicy } from '../../model/desired.js';
import type { AboveRate, ExplainedDecision } from '../../model/explain.js';
import type { Position } from '../../model/position.js';
import { notesOf } from '../../model/rule-notes.js';
import { describeAction } from './decisions.js';
import { type Circumstances, type Decision, evaluate } from '../evaluate.js';
import { placeOfRow } from '../row-place.js';
import { decidedVerdict, isAudited } from '../row-verdict.js';

/** `row` decided `frame`, whoever said so. */
export function explainRow(
  firewall: HostPolicy,
  row: string,
  frame: Uint8Array,
  circumstances: Pick<Circumstances, 'now' | 'connection'>,
): ExplainedDecision {
  const { policy, protections } = firewall;
  const rule = policy.rules.find(({ name }) => name === row);
  const verdict = decidedVerdict(policy, row);
  const below = evaluate(policy, protections, frame, circumstances);
  const above = evaluate(policy, protections, frame, { ...circumstances, exceeds: () => true });
  const goesOn = row !== '(blocked)' && [rule, above.rule].some((one) => one?.rateLimit) && above.row !== row;
  const at = placeOfRow(firewall, row, frame);
  const notes = notesOf(rule);
  return {
    policy: policy.name,
    row,
    verdict,
    action: rule ? describeAction(rule.action) : verdict,
    audit: isAudited(policy, row),
    ...(at && { at }),
    ...(below.counted && below.row === row && { counted: below.counted }),
    ...(Object.keys(notes).length > 0 && { notes }),
    ...(goesOn && { aboveRate: aboveRateOf(above, placeOfRow(firewall, above.row, frame)) }),
  };
}

function aboveRateOf({ row, action }: Decision, at: Position | undefined): AboveRate {
  return { row, action: describeAction(action), ...(at && { at }) };
}
