// What a row of a policy says of its packets, and what becomes of them. Every reader of rows and counters asks here. The
// datapath says the same (`is_audited` of bpf/events.h).
import { type Action, ANSWERED_ROW, type Ending, type Policy } from '../model/policy.js';

/** A verdict, or `count` or `next`: the row decides nothing, and another one counts its packets as well. */
export type RowAction = Action['kind'];

export interface RowVerdict {
  /** What the row says. */
  says: RowAction;
  /** What becomes of its packets: in audit mode they pass, but for those that an operator has blocked. */
  does: RowAction;
}

/** `row`: a rule, or a built-in row. One that the policy does not have is decided by its default. */
export function rowVerdict(policy: Policy, row: string): RowVerdict {
  const says = verdictOf(policy, row);
  return { says, does: isAudited(policy, row) && !goesOn(says) ? 'pass' : says };
}

/** Does a packet go on behind it? What says `next` where no layer is behind it goes nowhere, and counts for no more than a test. */
export function goesOn(says: RowAction): boolean {
  return says === 'count' || says === 'next';
}

/** Does it let a packet in, or send it on? */
export function letsIn({ kind }: Action): boolean {
  return kind !== 'drop' && kind !== 'reject' && !goesOn(kind);
}

/** Are the packets of a row that does this gone? */
export function isLost(does: RowAction): boolean {
  return does === 'drop' || does === 'reject';
}

/** What a row that has decided a packet says. Throws a RangeError for a rule that only counts: that is no decision. */
export function decidedVerdict(policy: Policy, row: string): Ending['kind'] {
  const { says } = rowVerdict(policy, row);
  if (says === 'count') throw new RangeError(`${row} counts packets, and decides none`);
  return says;
}

/** Does this row only count? Blocks are no part of the policy, so that its mode says nothing about them. */
export function isAudited({ mode }: Pick<Policy, 'mode'>, row: string): boolean {
  return mode === 'audit' && row !== '(blocked)';
}

function verdictOf(policy: Policy, row: string): RowAction {
  switch (row) {
    case '(protect)':
      return 'pass';
    case '(blocked)':
      return 'drop';
    case ANSWERED_ROW:
      return 'count';
    case '(malformed)':
      return policy.malformed;
    case '(fragments)':
      return policy.fragments === 'match' ? policy.default : policy.fragments;
    case '(non-ip)':
      return policy.nonIp === 'match' ? policy.default : policy.nonIp;
    case '(default)':
      return policy.default;
    default:
      return policy.rules.find(({ name }) => name === row)?.action.kind ?? policy.default;
  }
}
