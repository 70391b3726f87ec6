// Conntrack as a second source of connections, where the Host file wants it: refused where it follows nothing, since it would have to be
// made to, at the cost of every packet of the host. A state that ran before is kept, with a warning: the tables of xdpkeep are
// complete without it.
import { readBuiltin } from '../desired/programs/builtins.js';
import { currentIfReadable } from '../journal/generations.js';
import { tryConntrack } from '../kernel/conntrack-source.js';
import type { ConnectionSource, Tracking } from '../model/connections.js';
import type { DesiredState } from '../model/desired.js';
import { EnvironmentError } from '../model/errors.js';

export function askConntrack(): Tracking {
  return tryConntrack(readBuiltin('conntrack-question'));
}

/** Does a Host file want conntrack to be asked? */
export function wantsConntrack({ connections }: Pick<DesiredState, 'connections'>): boolean {
  return connections?.from === 'conntrack';
}

/**
 * What programs can ask about connections, and what the machine says of conntrack where that is wanted. Where no program can ask it,
 * as when what ran before comes back in front of its module, they ask the tables alone: a later pass finds another program wanted.
 */
export function connectionSource(
  desired: DesiredState,
  ask: () => Tracking = askConntrack,
): { source: ConnectionSource; tracking?: Tracking } {
  if (!wantsConntrack(desired)) return { source: 'tables' };
  const tracking = ask();
  return { source: tracking.callable ? 'conntrack' : 'tables', tracking };
}

/** A sentence where conntrack is wanted and follows nothing. */
export function warnOfConntrack(tracking: Pick<Tracking, 'reason'> | undefined): string[] {
  if (tracking?.reason === undefined) return [];
  return [
    `connections: conntrack is to be asked, and knows nothing: ${tracking.reason}; rules go by the tables of xdpkeep alone`,
  ];
}

/** Is conntrack asked by what the newest generation wants? */
export function isInUse(dataDir: string): boolean {
  const current = currentIfReadable(dataDir);
  return current !== undefined && wantsConntrack(current.desired);
}

/** What to do where it follows nothing. */
export const CONNTRACK_HINT =
  'Conntrack follows packets once a rule asks for it (`ct state` in nft, `-m conntrack`, masquerade), which costs every packet of the host; without `from`, xdpkeep records what leaves by itself.';

/**
 * Throws an EnvironmentError where conntrack is no source and `isChange`: a new state would bring it in. What ran before, the newest
 * generation of `dataDir`, is kept.
 */
export function requireConntrack(tracking: Tracking | undefined, isChange: boolean, dataDir: string): void {
  if (tracking?.reason === undefined || !isChange || isInUse(dataDir)) return;
  throw new EnvironmentError(`connections: {from: conntrack} is refused: ${tracking.reason}`, {
    hint: `Nothing was changed. ${CONNTRACK_HINT}`,
  });
}
