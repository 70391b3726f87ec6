// What `diff REV1 REV2` prints: two revisions of a state repository, and what the second changes.
import type { DesiredState } from './desired.js';
import type { Policy } from './policy.js';
import type { FateReport } from './reconciliation.js';

export type Change = 'added' | 'removed' | 'changed';

export interface InterfaceDiff {
  /** Name or pattern. */
  pattern: string;
  change: Change;
  /** What it runs: `policy edge, mode native`. The same in both where what that means has changed. */
  from?: string;
  to?: string;
  /** Behind the host's `protect`; absent where the policy alone says the same. */
  fates?: FateReport;
}

export interface HostDiff {
  host: string;
  change: Change;
  interfaces: InterfaceDiff[];
}

export interface PolicyDiff {
  policy: string;
  change: Change;
  /** `default: pass -> drop`, `rule ssh added`. */
  details: string[];
  /** Of the policy by itself. Only for changed ones, and only in a semantic diff. */
  fates?: FateReport;
}

export interface StateDiff {
  apiVersion: 'xdpkeep/v1';
  kind: 'StateDiff';
  /** As they were given, and the commits that they are. */
  from: { revision: string; commit: string };
  to: { revision: string; commit: string };
  /** False when nobody asked which packets change their fate. */
  semantic: boolean;
  /** Those that differ, by name. */
  hosts: HostDiff[];
  policies: PolicyDiff[];
}

/** All that one revision wants. */
export interface WholeState {
  hosts: DesiredState[];
  policies: Policy[];
}
