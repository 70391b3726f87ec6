// What `xdpkeep explain --output json` prints.
import type { Block } from './blocks.js';
import type { ConnectionSource } from './connections.js';
import type { ConnectionState, Ending } from './policy.js';
import type { Position } from './position.js';
import type { RuleNotes } from './rule-notes.js';

/** Who decides a packet, and how. */
export interface ExplainedDecision {
  policy: string;
  /** Rule name or built-in row. */
  row: string;
  /** Audit or not: what the row says. */
  verdict: Ending['kind'];
  /** The verdict with its target: `redirect to veth1`. */
  action: string;
  /** The policy only counts: what the row says is not done. False where a block decides, which is no part of the policy. */
  audit: boolean;
  /**
   * The rule, the `protect` entry, or the setting of a built-in row; absent where no line says it: a block, or a setting that
   * nobody wrote.
   */
  at?: Position;
  /** Rules with `action: count` or `next` that count the packet before; absent where none does. Said by the reference. */
  counted?: string[];
  /** What people say of the rule; absent where they say nothing, and for a built-in row. */
  notes?: RuleNotes;
  /** What an operator has blocked, where that decides; no part of the policy. */
  block?: Block;
  /** Who would decide instead while the rate of a rule is exceeded: that rule, or who comes behind it (`when: below`). */
  aboveRate?: AboveRate;
}

export type AboveRate = Pick<ExplainedDecision, 'row' | 'action' | 'at'>;

export interface Explanation {
  apiVersion: 'xdpkeep/v1';
  kind: 'Explanation';
  interface: string;
  /** The packet in words. */
  packet: string;
  /** What it is to the connections of this host; absent where the policy does not ask, and for a frame that is not IP. */
  connection?: ConnectionState;
  /** Whose word that is, of a flow that is known; absent where only the tables are asked, and where the packet says its state. */
  connectionFrom?: ConnectionSource;
  /**
   * Said by the attached program, or by the reference about its policy where the kernel takes no packet so long; places are
   * those of the state files that it was made of.
   */
  running: ExplainedDecision & { programId: number; digest: string; decidedBy: 'kernel' | 'reference' };
  /** What the question leaves open: XDP may see the packet otherwise. */
  caveat?: string;
  /** What the state files would decide, or why they do not say. */
  desired: (ExplainedDecision & { same: boolean }) | { reason: string };
}
