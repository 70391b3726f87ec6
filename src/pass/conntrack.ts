// Conntrack as a second source of connections, where the Host file wants it: refused where it follows nothing, since it would have to be
// made to, at the cost of every packet of the host. A state that ran before is kept, with a warning: the tables of xdpkeep are
// complete without it.
import { readBuiltin } from '../desired/programs/builtins.js';
import { tryConntrack } from '../kernel/conntrack-source.js';
import type { Tracking } from '../model/connections.js';
import type { DesiredState } from '../model/desired.js';
import { EnvironmentError } from '../model/errors.js';
import type { Generation } from '../model/record.js';

export function askConntrack(): Tracking {
  return tryConntrack(readBuiltin('conntrack-question'));
}

/** Does a Host file want conntrack to be asked? */
export function wantsConntrack({ connections }: Pick<DesiredState, 'connections'>): boolean {
  return connections?.from === 'conntrack';
}

/** A sentence where conntrack is wanted and follows nothing. */
export function warnOfConntrack({ reason }: Pick<Tracking, 'reason'>): string[] {
  if (reason === undefined) return [];
  return [
    `connections: conntrack is to be asked, and knows nothing: ${reason}; rules go by the tables of xdpkeep alone`,
  ];
}

/** What to do where it follows nothing. */
export const CONNTRACK_HINT =
  'Conntrack follows packets once a rule asks for it (`ct state` in nft, `-m conntrack`, masquerade), which costs every packet of the host; without `from`, xdpkeep records what leaves by itself.';

/**
 * Throws an EnvironmentError where conntrack is no source and `isChange`: a new state would bring it in. `current`: what ran before, which
 * is kept.
 */
export function requireConntrack(
  { reason }: Tracking,
  isChange: boolean,
  current: Generation | undefined,
): void {
  if (reason === undefined || !isChange || (current && wantsConntrack(current.desired))) return;
  throw new EnvironmentError(`connections: {from: conntrack} is refused: ${reason}`, {
    hint: `Nothing was changed. ${CONNTRACK_HINT}`,
  });
}
