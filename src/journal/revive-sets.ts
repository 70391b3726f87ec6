// Generations say which address sets they have, and not what is in large ones: that is loaded when it is asked for.
import { reviveAddressSet } from '../disk/address-sets.js';
import { DiskObjectStore } from '../disk/object-store.js';
import { type DesiredState, matchesOf } from '../model/desired.js';
import type { AddressSet } from '../model/policy.js';

/** Gives the sets of a desired state that was read as JSON their content again. */
export function reviveSets({ interfaces, lists = [] }: DesiredState, dataDir: string): void {
  const store = new DiskObjectStore(dataDir);
  const known = new Map<string, AddressSet>();
  const revive = (kept: AddressSet): AddressSet => {
    const key = JSON.stringify([kept.digest, kept.lists]);
    const set = known.get(key) ?? reviveAddressSet(kept, (digest) => store.get(digest, 'set'));
    known.set(key, set);
    return set;
  };
  for (const list of lists) list.set = revive(list.set);
  for (const match of interfaces.flatMap(({ program }) => matchesOf(program.firewall))) {
    if (match.source) match.source = revive(match.source);
    if (match.destination) match.destination = revive(match.destination);
  }
}
