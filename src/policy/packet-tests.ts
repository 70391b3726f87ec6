// The packet tests of a policy, independent of who runs them: its own, and one packet of each kind for every protected
// flow.
import type { HostPolicy } from '../model/desired.js';
import { asks } from '../model/match.js';
import type { ConnectionState, EarlierPacket, PacketTest, Policy } from '../model/policy.js';
import { Connections } from './connections/connections.js';
import { evaluate } from './evaluate.js';
import { whyUnexpected, type DecidedBy } from './unexpected-verdict.js';
import { buildPacket } from './packet/build-packet.js';
import { decidedVerdict, letsIn } from './row-verdict.js';
import { samplesOf } from './packet/sample-packets.js';

/** The row that decides a frame, which is `connection` to the host; absent where it is not IP. */
export type Decider = (frame: Uint8Array, connection: ConnectionState | undefined) => string;

export interface TestResult extends Pick<PacketTest, 'name' | 'at' | 'expect' | 'rule'> {
  got: DecidedBy;
  /** Bytes of the frame. */
  bytes: number;
  /** `undefined` when the verdict is the expected one. */
  problem?: string;
}

export function runPacketTests(firewall: HostPolicy, decide: Decider): TestResult[] {
  return testsOf(firewall).map(({ packet, after = [], ...test }) => {
    const frame = buildPacket(packet);
    const row = decide(frame, packet.connection ?? stateAfter(after, frame, firewall.policy, decide));
    const got = { row, verdict: decidedVerdict(firewall.policy, row) };
    const problem = whyUnexpected(test, got);
    return { ...test, got, bytes: frame.length, ...(problem !== undefined && { problem }) };
  });
}

/** What a frame is to a host which these packets have left, or come into, just before. */
function stateAfter(
  after: readonly EarlierPacket[],
  frame: Uint8Array,
  policy: Policy,
  decide: Decider,
): ConnectionState | undefined {
  const connections = new Connections();
  for (const packet of after) {
    if ('outgoing' in packet) {
      connections.record(buildPacket(packet.outgoing), 0);
      continue;
    }
    const earlier = buildPacket(packet.incoming);
    const state = packet.incoming.connection ?? connections.stateOf(earlier, 0);
    if (state && letsRestIn(policy, decide(earlier, state))) connections.letRestIn(earlier, state, 0);
  }
  return connections.stateOf(frame, 0);
}

/** Does the row that decided a first fragment let the rest in? Where a rule asks about the connection, and does not drop. */
function letsRestIn({ rules }: Policy, row: string): boolean {
  const rule = rules.find(({ name }) => name === row);
  return rule !== undefined && asks(rule.match, 'connection') && letsIn(rule.action);
}

/** The reference semantics. `now` is the wall clock in ms since 1970 (UTC); every rate is taken as not exceeded. */
export function decideByReference({ policy, protections }: HostPolicy, now: number): Decider {
  return (frame, connection) =>
    evaluate(policy, protections, frame, { now, ...(connection && { connection }) }).row;
}

function testsOf({ policy, protections }: HostPolicy): PacketTest[] {
  const flows = protections.flatMap(({ match, at }) =>
    samplesOf(match).map(({ kind, packet }): PacketTest => {
      const name = `protect entry at line ${at.line} (${kind})`;
      return { name, packet, expect: 'pass', rule: '(protect)', at };
    }),
  );
  return [...policy.tests, ...flows];
}
