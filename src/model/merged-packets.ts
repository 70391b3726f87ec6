// Packets that Linux merges (GRO, GSO) before XDP sees them in generic mode: where that happens, who asks for what it changes, and
// what is said of it, which is the same wherever it is said. See docs/packets.md, "Merged packets".
import type { DesiredMode, HostPolicy } from './desired.js';
import { asks } from './match.js';
import type { Rule } from './policy.js';

/** What is seen of an interface. */
export interface XdpHere {
  /** A program is attached to it in generic mode. */
  generic?: boolean;
  /** Its driver runs XDP; absent where the kernel does not tell. */
  native?: boolean;
}

/** Does XDP run in generic mode there: because the Host file says so, or because `auto` fell or will fall back to it? */
export function runsGeneric(mode: DesiredMode, { generic, native }: XdpHere): boolean {
  return mode === 'generic' || (mode === 'auto' && (generic === true || native === false));
}

/** What a rule or a `protect` entry asks for that is another in merged packets, as it is written; empty where nothing is. */
export function asksOfMerged({ match, rateLimit }: Pick<Rule, 'match' | 'rateLimit'>): string[] {
  const inPackets = rateLimit !== undefined && !('bytesPerSecond' in rateLimit);
  return [...(asks(match, 'length') ? ['`length`'] : []), ...(inPackets ? ['a `rateLimit` in packets'] : [])];
}

/** The same of all of a firewall, each once. */
export function firewallAsksOfMerged(firewall: HostPolicy | undefined): string[] {
  if (!firewall) return [];
  return [...new Set([...firewall.protections, ...firewall.policy.rules].flatMap(asksOfMerged))];
}

export const MERGED_PACKETS = 'XDP runs in generic mode, where it sees packets that Linux has merged';

/** What to do. */
export function showPackets(name: string): string {
  return `Run it natively, use \`bytesPerSecond\`, or ethtool -K ${name} gro off; see docs/packets.md, "Merged packets".`;
}
