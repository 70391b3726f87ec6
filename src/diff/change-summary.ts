// Summarizes what one desired state changes against another in a few words, for a line of the history. Pure.
import type { HostDiff, InterfaceDiff, PolicyDiff, StateDiff } from '../model/state-diff.js';

/** `veth0: policy edge, mode native`, `policy edge: rule ssh added`; empty when nothing differs. */
export function summarizeChange({ hosts, policies }: Pick<StateDiff, 'hosts' | 'policies'>): string[] {
  return [...hosts.flatMap(ofHost), ...policies.flatMap(ofPolicy)];
}

function ofHost({ interfaces }: HostDiff): string[] {
  return interfaces.flatMap(ofInterface);
}

/** A policy that changed is said once, not for each interface that runs it. */
function ofInterface({ pattern, change, from, to }: InterfaceDiff): string[] {
  if (change === 'removed') return [`${pattern}: nothing any more`];
  if (change === 'added') return [`${pattern}: ${to ?? ''}`];
  if (from !== to) return [`${pattern}: ${from ?? ''} -> ${to ?? ''}`];
  return to?.startsWith('policy ') === true ? [] : [`${pattern}: ${to ?? ''} changed`];
}

function ofPolicy({ policy, change, details }: PolicyDiff): string[] {
  return change === 'changed' ? [`policy ${policy}: ${details.join(', ')}`] : [];
}
