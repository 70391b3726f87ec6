// Rules that ask for what XDP does not see as it was on the wire, because of the interfaces where they run: packets that are merged
// in generic mode, tags that the device takes off (decision 0127). Nothing is wrong with the rule itself.
import { HIDDEN_TAGS, showTags } from '../../model/hidden-tags.js';
import type { LintKind } from '../../model/lint.js';
import { asks } from '../../model/match.js';
import { asksOfMerged, MERGED_PACKETS, showPackets } from '../../model/merged-packets.js';
import type { Rule } from '../../model/policy.js';

/** An interface, or a pattern of them, that runs a policy. */
export interface RunsAt {
  /** `veth0 of edge-1`. */
  name: string;
  /** XDP runs in generic mode there. */
  generic: boolean;
  /** VLAN tags may be taken off before XDP; as far as this host can know. */
  hidesTags: boolean;
}

/** Where a policy runs decides about these, so that what one host finds another does not. */
export const IN_PLACE_KINDS = ['mergedPackets', 'hiddenTags'] as const satisfies LintKind[];

export interface InPlace {
  kind: (typeof IN_PLACE_KINDS)[number];
  /** What is wrong, from what is asked for on. */
  about: string;
}

export function doubtsInPlace(
  asking: Pick<Rule, 'match' | 'rateLimit'>,
  places: readonly RunsAt[],
): InPlace[] {
  const merged = asksOfMerged(asking);
  const tags = asks(asking.match, 'vlan') ? ['`vlan`'] : [];
  const at = (seen: (place: RunsAt) => boolean) => places.filter(seen).map(({ name }) => name);
  return [
    ...inWords(
      'mergedPackets',
      merged,
      MERGED_PACKETS,
      at(({ generic }) => generic),
    ),
    ...inWords(
      'hiddenTags',
      tags,
      HIDDEN_TAGS,
      at(({ hidesTags }) => hidesTags),
    ),
  ];
}

const MOST_NAMES = 5;

function inWords(
  kind: InPlace['kind'],
  asked: readonly string[],
  what: string,
  places: readonly string[],
): InPlace[] {
  if (asked.length === 0 || places.length === 0) return [];
  const more = places.length > MOST_NAMES ? ` and ${places.length - MOST_NAMES} more` : '';
  const where = `${places.slice(0, MOST_NAMES).join(', ')}${more}`;
  return [{ kind, about: `asks for ${asked.join(' and ')}, and on ${where} ${what}` }];
}

export const IN_PLACE_HINTS: Record<InPlace['kind'], string> = {
  mergedPackets: showPackets('IFACE'),
  hiddenTags: `${showTags('IFACE')}.`,
};
