// The rules that decide on each interface, with what they have counted: for metrics and the status page.
import type { RowCount } from './counters.js';

export interface RuleRow extends RowCount {
  /** What it does to a packet: `drop`, `redirect to veth-scrub`. */
  action: string;
  /** Are the packets that it counts gone? In audit mode only those that an operator has blocked. */
  drops: boolean;
  /** `policies/edge.yaml:12:5`; absent for built-in rows. */
  at?: string;
}

export interface InterfaceRules {
  name: string;
  policy: string;
  mode: 'enforce' | 'audit';
  /** In the order in which they decide, built-in rows last. */
  rules: RuleRow[];
}

export interface RuleCounters {
  apiVersion: 'xdpkeep/v1';
  kind: 'Rules';
  interfaces: InterfaceRules[];
}
