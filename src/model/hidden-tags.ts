// VLAN tags that XDP does not see: the device takes them off and hands them on beside the packet (`rx-vlan-offload`). What is said
// of that is the same wherever it is said.
import { type HostPolicy, matchesOf } from './desired.js';
import { asks } from './match.js';

export function asksForTags(firewall: HostPolicy | undefined): boolean {
  return matchesOf(firewall).some((match) => asks(match, 'vlan'));
}

export const HIDDEN_TAGS =
  'rx-vlan-offload may take tags off before XDP sees a packet, so that no tag matches, and `vlan: none` matches tagged packets';

/** What to do. */
export function showTags(name: string): string {
  return `ethtool -K ${name} rxvlan off (of a veth pair: txvlan off at the other end)`;
}
