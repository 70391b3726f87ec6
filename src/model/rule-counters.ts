// The rules that decide on each interface, with what they have counted: for metrics and the status page.
import type { RowCount } from './counters.js';
import type { DisabledRule } from './policy.js';
import type { RuleNotes } from './rule-notes.js';

export interface RuleRow extends RowCount, RuleNotes {
  /** What it does to a packet: `drop`, `redirect to veth-scrub`. */
  action: string;
  /** Are the packets that it counts gone? In audit mode only those that an operator has blocked. */
  drops: boolean;
  /** `policies/edge.yaml:12:5`; absent for built-in rows. */
  at?: string;
}

/** One that decides nothing: `enabled: false`. */
export interface DisabledRow extends RuleNotes, Pick<DisabledRule, 'name'> {
  /** What it would do. */
  action: string;
  /** As of a rule. */
  at: string;
}

export interface InterfaceRules {
  name: string;
  policy: string;
  mode: 'enforce' | 'audit';
  /** In the order in which they decide, built-in rows last. */
  rules: RuleRow[];
  /** Absent where there is none. */
  disabled?: DisabledRow[];
}

export interface RuleCounters {
  apiVersion: 'xdpkeep/v1';
  kind: 'Rules';
  interfaces: InterfaceRules[];
}
