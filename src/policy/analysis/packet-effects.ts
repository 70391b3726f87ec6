// The semantic diff of two policies as reports carry it: packets in words, malformed frames among them.
import type { PacketEffects } from '../../model/reconciliation.js';
import { describePacket } from '../packet/describe.js';
import { diffPolicies, malformedEffect, type Side } from './semantic-diff.js';

/** `now`: see diffPolicies. */
export function reportPacketEffects(before: Side, after: Side, now?: number): PacketEffects {
  const { changes, complete } = diffPolicies(before, after, now);
  const told = changes.map(({ example, ...change }) => ({ ...change, example: describePacket(example) }));
  return { changes: [...told, ...malformedChanges(before, after)], complete };
}

function malformedChanges(before: Side, after: Side): PacketEffects['changes'] {
  const [from, to] = [malformedEffect(before.policy), malformedEffect(after.policy)];
  const row = '(malformed)';
  return from === to ? [] : [{ from, to, fromRow: row, toRow: row, example: 'a malformed frame' }];
}
