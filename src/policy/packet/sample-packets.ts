// Generates packets that match, with which protected flows are proven.
import type { Match, PacketDescription } from '../../model/policy.js';
import { boxesOf } from '../analysis/header-space.js';
import { witnessOf } from '../analysis/witness.js';

export interface Sample {
  /** `IPv4 TCP` */
  kind: string;
  packet: PacketDescription;
}

/** One packet of every kind that matches; none when no packet can match. */
export function samplesOf(match: Match): Sample[] {
  return boxesOf(match).map((box) => ({ kind: box.kind.name, packet: witnessOf(box) }));
}
