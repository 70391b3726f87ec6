// Policies that ask for `vlan` on an interface that takes tags off before XDP sees a packet: such a rule never matches, and
// `vlan: none` matches tagged packets as well.
import type { Difference } from '../model/difference.js';
import { asksForTags, HIDDEN_TAGS, showTags } from '../model/hidden-tags.js';
import type { Machine } from './machine.js';

/** One sentence for each such interface. */
export function warnOfHiddenTags(
  differences: readonly Difference[],
  { hidesTags }: Pick<Machine, 'hidesTags'>,
): string[] {
  return differences.flatMap(({ interface: name, wanted, observed }) => {
    if (!wanted || !observed || !asksForTags(wanted.program.firewall)) return [];
    if (!hidesTags(observed.ifindex)) return [];
    return [`${name}: ${wanted.program.label} asks for \`vlan\`, but ${HIDDEN_TAGS}: ${showTags(name)}`];
  });
}
