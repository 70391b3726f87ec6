// What the rules of each interface do right now.
import type { ConnectionsStatus } from './connection-table.js';
import type { Rate } from './rates.js';

export interface RuleTraffic extends Rate {
  rule: string;
  /** What becomes of its packets: a verdict, or `audit` where the rule says something else than pass, which is not done. */
  action: string;
  /** Since the counters were made. */
  packets: number;
  bytes: number;
  /** Packets per second at the last looks, oldest first. */
  history: readonly number[];
}

export interface InterfaceTraffic extends Rate {
  interface: string;
  packets: number;
  bytes: number;
  /** Of the packets of the last second, by number, 0 to 1. */
  dropShare: number;
  history: readonly number[];
  rules: RuleTraffic[];
}

export interface Traffic {
  /** ms since 1970. */
  time: number;
  interfaces: InterfaceTraffic[];
  /** Absent where no policy that runs asks about connections. Counted now and then, not at each look. */
  connections?: ConnectionsStatus;
}
