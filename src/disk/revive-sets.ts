// Gives address sets that were read back their ranges. Generations and policies store only the digest of a large set.
import { reviveAddressSet } from './address-sets.js';
import { type DesiredList, type DesiredState, matchesOf } from '../model/desired.js';
import { withAddressSets } from '../model/match.js';
import type { ObjectStore } from '../model/object-store.js';
import type { AddressSet, Match } from '../model/policy.js';

/** Where the content of large sets is. */
type Sets = Pick<ObjectStore, 'get'>;

/** Gives sets that were read as JSON their content again. */
export function reviveMatches(matches: Match[], store: Sets): void {
  reviveEach(matches, reviver(store));
}

/** Sets that are in `known` too take their content from there: the same content is read once, and kept once. */
export function shareSets(matches: Match[], known: readonly AddressSet[]): void {
  const contents = new Map(known.map(({ digest, content }) => [digest, content]));
  reviveEach(matches, (set) => ({ ...set, content: contents.get(set.digest) ?? set.content }));
}

function reviveEach(matches: Match[], revive: Reviver): void {
  for (const match of matches) Object.assign(match, withAddressSets(match, revive));
}

/** The same for the lists of a state. */
export function reviveLists(lists: DesiredList[], store: Sets): void {
  const revive = reviver(store);
  for (const list of lists) list.set = revive(list.set);
}

/** The same for a whole state. */
export function reviveState({ lists = [], interfaces }: DesiredState, store: Sets): void {
  const revive = reviver(store);
  for (const list of lists) list.set = revive(list.set);
  const firewalls = new Set(interfaces.flatMap(({ program }) => program.firewall ?? []));
  for (const firewall of firewalls) reviveEach(matchesOf(firewall), revive);
}

type Reviver = (kept: AddressSet) => AddressSet;

/** The same set is loaded once. */
function reviver(store: Sets): Reviver {
  const contents = new Map<string, AddressSet['content']>();
  return (kept) => {
    const content =
      contents.get(kept.digest) ?? reviveAddressSet(kept, (digest) => store.get(digest, 'set')).content;
    contents.set(kept.digest, content);
    return { ...kept, content };
  };
}
