// How interfaces were attached before, as a pass and `status` both plan with it.
import { attachedFrom, fallbacks } from '../journal/intents.js';
import type { Difference } from '../model/difference.js';
import type { ObservedState } from '../model/observed.js';
import type { JournalRecord } from '../model/record.js';
import type { Past } from '../plan/context.js';
import { attachingContext, type Place } from './attaching-context.js';

/** `goNative`: leave generic where mode `auto` had fallen back to it. */
export function pastAttachments(
  place: Place,
  { observed, differences }: { observed: ObservedState; differences: readonly Difference[] },
  records: readonly JournalRecord[],
  goNative: boolean,
): Pick<Past, 'attachedFrom' | 'fellBackBecause' | 'attaching'> {
  const fellBackBecause = fallbacks(records, observed);
  return {
    attachedFrom: attachedFrom(records, observed.boot),
    fellBackBecause,
    attaching: attachingContext(place, differences, records, { fellBackBecause, goNative }),
  };
}
