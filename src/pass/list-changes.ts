// Compares lists with those that were applied last: how many ranges came and went, and whether a list shrank more than `maxShrink`
// allows. Lists are counted in ranges, so merging neighbours or repeating an address is no change.
import { listGenerations } from '../journal/generation-list.js';
import { readGeneration } from '../journal/generations.js';
import type { DesiredList, DesiredState } from '../model/desired.js';
import { RefusedError } from '../model/errors.js';
import { ifReadable } from '../disk/if-readable.js';
import { type AddressRanges, countRanges, subtract } from '../addresses/ranges.js';
import type { ListChange } from '../model/reconciliation.js';

/** Throws a RefusedError when a list lost, or got, more ranges than its policy allows since it was last applied. */
export function refuseCollapse(dataDir: string, { lists = [] }: DesiredState): void {
  const collapsed = lists.flatMap((list) => {
    const { name, set, maxShrink = 100, maxGrow = Infinity } = list;
    const before = lastApplied(dataDir, name)?.set.ranges ?? 0;
    const fewest = before * (1 - maxShrink / 100);
    const isFine = before === 0 || (set.ranges >= fewest && set.ranges <= before * (1 + maxGrow / 100));
    if (isFine) return [];
    const limit = set.ranges < fewest ? `maxShrink (${maxShrink}%)` : `maxGrow (${maxGrow}%)`;
    return [
      `list ${name} has ${set.ranges} ranges, and had ${before} when it was last applied: that is more than ${limit} allows`,
    ];
  });
  if (collapsed.length === 0) return;
  throw new RefusedError(collapsed.join('; '), {
    hint: 'Nothing was changed. Restore the list, or raise its maxShrink or maxGrow in the policy if it is meant to be as it is.',
  });
}

/** The list in the newest generation that has it; one that cannot be read is passed over. */
function lastApplied(dataDir: string, name: string): DesiredList | undefined {
  for (const number of listGenerations(dataDir).reverse()) {
    const found = listsOf(dataDir, number)?.find((list) => list.name === name);
    if (found) return found;
  }
  return undefined;
}

function listsOf(dataDir: string, generation: number): DesiredList[] | undefined {
  return ifReadable(() => readGeneration(dataDir, generation).desired.lists);
}

/** The lists whose content differs from that in `before`; `before` is absent on the first pass. */
export function listChanges(
  before: Pick<DesiredState, 'lists'> | undefined,
  { lists = [] }: DesiredState,
): ListChange[] {
  return lists.flatMap(({ name, set, entries, merged }): ListChange[] => {
    const old = before?.lists?.find((list) => list.name === name);
    if (old?.set.digest === set.digest) return [];
    const base = { name, entries, ...(merged && { merged }), ranges: set.ranges };
    if (!old) return [{ ...base, added: set.ranges, removed: 0 }];
    const was = contentOf(old);
    if (!was) return [{ ...base, added: set.ranges, removed: old.set.ranges }];
    const is = set.content();
    return [{ ...base, added: countRanges(subtract(is, was)), removed: countRanges(subtract(was, is)) }];
  });
}

/** `undefined` when the stored set is lost: then the report counts the whole list. */
function contentOf({ set }: DesiredList): AddressRanges | undefined {
  return ifReadable(() => set.content());
}
