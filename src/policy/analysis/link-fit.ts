// Does a program fit an interface without an Ethernet header (decision 0122)? Where packets begin at a place that is not known, or
// a rule needs the header, nothing of a policy would be true, and it is refused; a program of the user's own is theirs to know.
import type { DesiredProgram } from '../../model/desired.js';
import { asks } from '../../model/match.js';
import type { ObservedInterface } from '../../model/observed.js';
import type { Rule } from '../../model/policy.js';

type OnLink = Pick<ObservedInterface, 'name' | 'framing'>;

export interface Unfit {
  reason: string;
  hint: string;
}

/** Why a program must not be attached to an interface; `undefined` when it may. */
export function whyUnfit({ name, framing }: OnLink, { firewall, label }: DesiredProgram): Unfit | undefined {
  if (!firewall || framing === undefined) return undefined;
  if (framing !== 'ip')
    return {
      reason: `${name} ${framing.unknown}, so that ${label} would filter nothing there`,
      hint: 'Filter on the interface below it, by which its packets come in.',
    };
  const rule = firewall.policy.rules.find(sendsFrames);
  return (
    rule && {
      reason: `${name} has no Ethernet header, and rule ${rule.name} of ${label} sends frames on`,
      hint: 'Use a policy with `pass` and `drop` alone there: `tx`, `redirect` and `reject` need the header.',
    }
  );
}

function sendsFrames({ action: { kind } }: Rule): boolean {
  return kind === 'tx' || kind === 'redirect' || kind === 'reject';
}

/** What to do about a doubt. */
export const DOUBT_HINT = 'See docs/packets.md, "Interfaces without an Ethernet header".';

/** What goes wrong on an interface without an Ethernet header though it may be attached, one sentence each. */
export function doubtsOnLink({ name, framing }: OnLink, { firewall, label }: DesiredProgram): string[] {
  if (framing === undefined) return [];
  if (!firewall) {
    const where =
      framing === 'ip' ? 'has no Ethernet header: packets begin with that of IP' : framing.unknown;
    return [`${name} ${where}; the program ${label} must know that, or it filters nothing`];
  }
  if (framing !== 'ip') return [];
  return firewall.policy.rules.flatMap((rule) => {
    const asked = (['sourceMac', 'destinationMac', 'vlan'] as const).filter((field) =>
      asks(rule.match, field),
    );
    if (asked.length === 0) return [];
    return [`rule ${rule.name} of ${label} asks for ${asked.join(' and ')}, which no packet of ${name} has`];
  });
}
