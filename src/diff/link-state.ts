// How an interface stands to our pinned link. An ifindex alone proves nothing: other namespaces have the same numbers,
// so "attached" also asks that the kernel shows the link's program on the interface in this namespace.
import type { LinkState } from '../model/difference.js';
import type { ObservedInterface, OwnedInterface } from '../model/observed.js';

/** Either argument is absent when there is no such interface, or nothing of ours is pinned for it. */
export function linkStateOf(
  observed: ObservedInterface | undefined,
  owned: OwnedInterface | undefined,
): LinkState {
  const link = owned?.link;
  if (!link) return { kind: 'none' };
  if (link.ifindex === 0) return { kind: 'dead', link };
  const attachment = observed?.xdp.find(
    (one) => one.programId === link.programId && (one.linkId === undefined || one.linkId === link.id),
  );
  if (observed?.ifindex === link.ifindex && attachment) return { kind: 'attached', link, attachment };
  return { kind: 'elsewhere', link };
}
