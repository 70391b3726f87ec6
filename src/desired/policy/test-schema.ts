// Packet tests: of a policy in its own file, of layers in that of the host.
import * as z from 'zod';
import { BUILTIN_ROWS, type EarlierPacket, type PacketTest } from '../../model/policy.js';
import type { Position } from '../../model/position.js';
import { packetSchema, toPacket } from './packet-schema.js';
import { mayBeAbsent } from './values.js';

const earlierPacket = z
  .strictObject({ outgoing: packetSchema.optional(), incoming: packetSchema.optional() })
  .meta({ oneOf: [{ required: ['outgoing'] }, { required: ['incoming'] }] })
  .transform(({ outgoing, incoming }, context): EarlierPacket => {
    if (outgoing && !incoming) return { outgoing: toPacket(outgoing) };
    if (incoming && !outgoing) return { incoming: toPacket(incoming) };
    const message = 'needs one of `outgoing` and `incoming`';
    context.issues.push({ code: 'custom', message, input: { outgoing, incoming } });
    return z.NEVER;
  });

export const testSchema = z.strictObject({
  name: z.string().min(1, 'must not be empty').max(200, 'must be 200 characters at most'),
  after: mayBeAbsent(z.array(earlierPacket).max(64, 'must be 64 packets at most')).describe(
    'Packets that have left this host before, or come in, in this order: what answers one that left is established, and so is the rest of an answer whose first fragment came in.',
  ),
  packet: packetSchema,
  expect: z
    .enum(['pass', 'drop', 'reject', 'tx', 'redirect', 'next'])
    .describe('next: the policy leaves the packet to the layer behind it.'),
  rule: mayBeAbsent(z.string()).describe(`The rule that must decide, or ${BUILTIN_ROWS.join(', ')}.`),
});

export function toPacketTest(
  { after, packet, ...test }: z.output<typeof testSchema>,
  at: Position,
): PacketTest {
  return { ...test, ...(after && { after }), packet: toPacket(packet), at };
}
