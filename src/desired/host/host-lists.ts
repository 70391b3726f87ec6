// The lists of one host, joined from all its policies. Refused: a list that two policies read to different content.
import type { DesiredList } from '../../model/desired.js';
import type { Diagnostic } from '../../model/diagnostic.js';
import type { ReadList } from '../lists/lists.js';
import type { Place } from '../yaml/source.js';
import { quote } from '../../text/wording.js';

export interface ListUse {
  list: ReadList;
  /** Per cent. */
  maxShrink?: number | undefined;
  maxGrow?: number | undefined;
  /** `policy edge`, `protect`. */
  user: string;
  place: Place;
}

/** Per cent; the default. */
const USUAL_SHRINK = 50;

/** Sorted by name; of several `maxShrink` or `maxGrow` the strictest counts. */
export function joinLists(uses: ListUse[], problems: Diagnostic[]): DesiredList[] {
  const joined = new Map<string, { list: DesiredList; user: string; shrink: number | undefined }>();
  for (const { list, maxShrink, maxGrow, user, place } of uses) {
    const { name, set, counts } = list;
    const earlier = joined.get(name);
    if (earlier && earlier.list.set.digest !== set.digest)
      problems.push(readTwice(name, user, earlier.user, place));
    const { entries, duplicates, overlaps } = counts;
    const shrink = strictest(maxShrink, earlier?.shrink);
    const grow = strictest(maxGrow, earlier?.list.maxGrow);
    joined.set(name, {
      list: {
        name,
        set,
        entries,
        merged: { duplicates, overlaps },
        maxShrink: shrink ?? USUAL_SHRINK,
        ...(grow !== undefined && { maxGrow: grow }),
      },
      user: earlier?.user ?? user,
      shrink,
    });
  }
  return [...joined.values()].map(({ list }) => list).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function strictest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

function readTwice(name: string, user: string, earlier: string, place: Place): Diagnostic {
  return {
    severity: 'error',
    summary: 'list read in two ways',
    detail: `${user} makes something else of the list ${quote(name)} than ${earlier} does`,
    hint: 'Write the same `lists` options into both, or use two files.',
    ...place,
  };
}
