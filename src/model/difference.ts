// What differs, per interface, before anybody decides what to do about it.
import type { DesiredInterface } from './desired.js';
import type { ObservedInterface, ObservedLink, OwnedInterface, XdpAttachment } from './observed.js';

/** How the interface stands to our pinned link. */
export type LinkState =
  /** No link of ours. */
  | { kind: 'none' }
  /** Our link is what runs here. */
  | { kind: 'attached'; link: ObservedLink; attachment: XdpAttachment }
  /** The link's interface was deleted. */
  | { kind: 'dead'; link: ObservedLink }
  /** The link is alive on an interface that is not this one: it moved to another namespace, or was renamed. */
  | { kind: 'elsewhere'; link: ObservedLink };

export interface Difference {
  interface: string;
  /** Absent when the state files do not name it (any more). */
  wanted?: DesiredInterface;
  /** The entries of the state files that name it, by one of its names each; absent where there is one, or none. */
  namedTwice?: DesiredInterface[];
  /** A redirect target of the wanted policy that does not exist. */
  missingTarget?: string;
  /** Absent when there is no such interface in this namespace. */
  observed?: ObservedInterface;
  /** Absent when nothing of ours is pinned for it. */
  owned?: OwnedInterface;
  linkState: LinkState;
  /** XDP programs on the interface that are not held by our link. */
  foreign: XdpAttachment[];
}
