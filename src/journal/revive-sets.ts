// Generations and policies say which address sets they have, and not what is in large ones: that is loaded when it is
// asked for.
import { reviveAddressSet } from '../disk/address-sets.js';
import { DiskObjectStore } from '../disk/object-store.js';
import type { DesiredList } from '../model/desired.js';
import type { AddressSet, Match } from '../model/policy.js';

/** Gives sets that were read as JSON their content again. */
export function reviveMatches(matches: Match[], dataDir: string): void {
  const revive = reviver(dataDir);
  for (const match of matches) {
    if (match.source) match.source = revive(match.source);
    if (match.destination) match.destination = revive(match.destination);
  }
}

/** The same for the lists of a state. */
export function reviveLists(lists: DesiredList[], dataDir: string): void {
  const revive = reviver(dataDir);
  for (const list of lists) list.set = revive(list.set);
}

/** The same set is loaded once. */
function reviver(dataDir: string): (kept: AddressSet) => AddressSet {
  const store = new DiskObjectStore(dataDir);
  const contents = new Map<string, AddressSet['content']>();
  return (kept) => {
    const content =
      contents.get(kept.digest) ?? reviveAddressSet(kept, (digest) => store.get(digest, 'set')).content;
    contents.set(kept.digest, content);
    return { ...kept, content };
  };
}
