// Interfaces that were renamed: their pins follow them, so that nothing is attached anew and no map is lost. An
// interface is known by our link on it; only names that the state files want are followed, so that a name nobody
// wants never costs an interface its program.
import type { DesiredState } from '../model/desired.js';
import type { ObservedState, OwnedInterface } from '../model/observed.js';
import { wantedFor } from './diff.js';
import { linkStateOf } from './link-state.js';

export interface Rename {
  from: string;
  to: string;
  ifindex: number;
  linkId: number;
}

/** In an order in which each can be done by exchanging two names, cycles included. */
export function findRenames(desired: DesiredState, observed: ObservedState): Rename[] {
  const renames: Rename[] = [];
  let state = observed;
  // Each puts at least one link where it belongs for good: there can be no more of them than links.
  while (renames.length < observed.owned.length) {
    const next = nextRename(desired, state);
    if (!next) break;
    renames.push(next);
    state = withRename(state, next);
  }
  return renames;
}

/** What will be observed after the pins of two names were exchanged, or those of one moved. */
export function withRename(observed: ObservedState, { from, to }: Rename): ObservedState {
  const owned = observed.owned.map((one): OwnedInterface => {
    if (one.name === from) return { ...one, name: to };
    return one.name === to ? { ...one, name: from } : one;
  });
  return { ...observed, owned };
}

function nextRename(desired: DesiredState, { interfaces, owned }: ObservedState): Rename | undefined {
  for (const one of owned) {
    const { link, name: from } = one;
    if (!link) continue;
    const home = interfaces.find((interface_) => linkStateOf(interface_, one).kind === 'attached');
    if (home && home.name !== from && wantedFor(desired, home)) {
      return { from, to: home.name, ifindex: home.ifindex, linkId: link.id };
    }
  }
  return undefined;
}
