// What `diff REV1 REV2` prints: two revisions of a state repository, and what the second changes.
import type { DesiredState } from './desired.js';
import type { Policy } from './policy.js';
import type { PacketEffects } from './reconciliation.js';

export type Change = 'added' | 'removed' | 'changed';

export interface InterfaceDiff {
  /** Name or pattern. */
  pattern: string;
  change: Change;
  /** What it runs: `policy edge, mode native`. The same in both where what that means has changed. */
  from?: string;
  to?: string;
  /** Behind the host's `protect`; absent where the policy alone says the same. */
  fates?: PacketEffects;
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
  fates?: PacketEffects;
}

/** One of the two that are compared. */
export interface DiffEnd {
  /** As it was given: `main`, `gen:5`, `running`, `desired`. */
  revision: string;
  /** The commit that it is, or that it was made of; absent where it is of none. */
  commit?: string;
}

export interface StateDiff {
  apiVersion: 'xdpkeep/v1';
  kind: 'StateDiff';
  from: DiffEnd;
  to: DiffEnd;
  /** False when nobody asked which packets get another verdict. */
  semantic: boolean;
  /** Those that differ, by name. */
  hosts: HostDiff[];
  policies: PolicyDiff[];
}

/** All that one revision wants, or one host. */
export interface WholeState {
  hosts: DesiredState[];
  policies: Policy[];
}

export const NOTHING: WholeState = { hosts: [], policies: [] };

/** One host with the policies that it runs. A state that wants nothing is no host. */
export function wholeOf(desired: DesiredState): WholeState {
  const policies = new Map<string, Policy>();
  for (const { program } of desired.interfaces) {
    if (program.firewall) policies.set(program.firewall.policy.name, program.firewall.policy);
  }
  return { hosts: desired.interfaces.length === 0 ? [] : [desired], policies: [...policies.values()] };
}
