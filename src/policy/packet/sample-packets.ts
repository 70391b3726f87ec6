// Generates packets that a match is about, to prove protected flows with.
import type { Match, PacketDescription } from '../../model/policy.js';
import { boxesOf } from '../analysis/header-space.js';
import { witnessOf } from '../analysis/witness.js';

export interface Sample {
  /** `IPv4 TCP` */
  kind: string;
  packet: PacketDescription;
}

/** One of every kind of packet that agrees with the match; none when no packet can. */
export function samplesOf(match: Match): Sample[] {
  return boxesOf(match).map((box) => ({ kind: box.kind.name, packet: witnessOf(box) }));
}
