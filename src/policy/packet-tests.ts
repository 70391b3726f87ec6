// The packet tests of a firewall, whoever decides them: the policy's own, and one packet for every protected flow.
import type { DesiredFirewall } from '../model/desired.js';
import type { PacketTest } from '../model/policy.js';
import { evaluate } from './evaluate.js';
import { judge, type Judged, verdictOf } from './judge.js';
import { buildPacket } from './packet.js';
import { samplePacket } from './sample.js';

/** The row that decides a frame. */
export type Decider = (frame: Uint8Array) => string;

export interface TestResult extends Pick<PacketTest, 'name' | 'at' | 'expect' | 'rule'> {
  got: Judged;
  /** `undefined` when the verdict is the expected one. */
  problem?: string;
}

export function runPacketTests(firewall: DesiredFirewall, decide: Decider): TestResult[] {
  return testsOf(firewall).map(({ packet, ...test }) => {
    const row = decide(buildPacket(packet));
    const got = { row, verdict: verdictOf(firewall.policy, row) };
    const problem = judge(test, got);
    return { ...test, got, ...(problem !== undefined && { problem }) };
  });
}

/** The reference semantics. `now` is the wall clock in ms since 1970 (UTC); every rate is taken as not exceeded. */
export function decideByReference({ policy, protections }: DesiredFirewall, now: number): Decider {
  return (frame) => evaluate(policy, protections, frame, { now }).row;
}

/** A `protect` entry that no packet can match has no flow to test. */
export function testsOf({ policy, protections }: DesiredFirewall): PacketTest[] {
  const flows = protections.flatMap(({ match, at }): PacketTest[] => {
    const packet = samplePacket(match);
    return packet
      ? [{ name: `protect entry at line ${at.line}`, packet, expect: 'pass', rule: '(protect)', at }]
      : [];
  });
  return [...policy.tests, ...flows];
}
