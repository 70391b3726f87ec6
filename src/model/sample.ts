// A packet that the datapath kept: as it came out of the kernel, and as people are told about it.
import type { ConnectionState } from './policy.js';
import type { RuleNotes } from './rule-notes.js';

export interface Sample {
  /** ns since 1970, UTC. */
  time: bigint;
  /** Where the packet came in. */
  ifindex: number;
  /** In the counters of that interface. */
  slot: number;
  /** enum xdp_action, SAYS_COUNT or SAYS_NEXT: what the rule says. */
  verdict: number;
  /** The same of what became of the packet. Another one in audit mode. */
  fate: number;
  /** Bytes of the frame on the wire. */
  length: number;
  /** What it is to the connections of the host; absent where no rule was reached that asks. */
  connection?: ConnectionState;
  /** Kept for somebody who watches, and not because it was sampled. */
  watched: boolean;
  /** Its first bytes, as many as were kept. */
  frame: Uint8Array;
}

/** By number: enum xdp_action, uapi/linux/bpf.h. */
export const XDP_ACTIONS = ['aborted', 'drop', 'pass', 'tx', 'redirect'] as const;

/** What becomes of a packet, by the numbers of samples: a rejected one is dropped, and answered where that may be (SAYS_REJECT of bpf/tables.h). */
export const FATES = [...XDP_ACTIONS, 'reject'] as const;

/** What a rule says that decides nothing (bpf/tables.h): the packet goes on with the next rule, or with the next layer. */
export const SAYS_COUNT = 6;
export const SAYS_NEXT = 7;
export const SAYS_REJECT = 5;

/** A packet that was seen, with what is known of it. */
export interface SeenPacket {
  /** ns since 1970, UTC. */
  time: bigint;
  interface: string;
  /** Rule or built-in row; absent where only the verdict is known. */
  rule?: string;
  /** What people say of that rule; absent where they say nothing. */
  notes?: RuleNotes;
  verdict: string;
  /** What became of it, where that is not the verdict. */
  fate?: string;
  /** What it is to the connections of the host; absent where no rule was reached that asks. */
  connection?: ConnectionState;
  length: number;
  frame: Uint8Array;
}

/** What the first bytes of a frame say, in the words of the state files. */
export interface PacketHeaders {
  /** `cut`: the headers go on behind the bytes that were kept. */
  shape: 'ip' | 'non-ip' | 'malformed' | 'cut';
  etherType?: number;
  vlan?: number;
  sourceMac?: string;
  destinationMac?: string;
  family?: 4 | 6;
  protocol?: string;
  source?: string;
  destination?: string;
  sourcePort?: number;
  destinationPort?: number;
  tcpFlags?: string[];
  icmpType?: number;
  icmpCode?: number;
  fragment?: string;
  ttl?: number;
}
