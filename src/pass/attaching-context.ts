// What planning must know of how interfaces are attached and were before. The kernel is asked of those alone that it matters for.
import { lastAttachments } from '../journal/last-attachments.js';
import { recordedProgram } from '../journal/running.js';
import type { DesiredProgram } from '../model/desired.js';
import type { Difference } from '../model/difference.js';
import { XdpkeepError } from '../model/errors.js';
import type { ObjectStore } from '../model/object-store.js';
import { ONE_PAGE, runningInstance } from '../model/observed.js';
import type { JournalRecord } from '../model/record.js';
import type { NativeOutlook } from '../model/step.js';
import type { AttachingContext, Past } from '../plan/context.js';
import type { Machine } from './machine.js';

/** What a plan is made for, and who is asked. */
export interface Place {
  dataDir: string;
  machine: Machine;
  store: ObjectStore;
}

type Program = Pick<DesiredProgram, 'digest' | 'function' | 'object'> & { firewall?: unknown };

export function attachingContext(
  place: Place,
  differences: readonly Difference[],
  records: readonly JournalRecord[],
  { fellBackBecause, goNative }: { fellBackBecause: Past['fellBackBecause']; goNative: boolean },
): AttachingContext {
  return {
    goNative,
    last: lastAttachments(records),
    native: outlooks(place, differences, fellBackBecause),
    takesFrags: new Set(differences.flatMap((one) => ownWithFrags(one, place))),
  };
}

function outlooks(
  place: Place,
  differences: readonly Difference[],
  reasons: ReadonlyMap<number, string>,
): Map<number, NativeOutlook> {
  const found = new Map<number, NativeOutlook>();
  for (const { wanted, observed, linkState } of differences) {
    if (!wanted || !observed || wanted.mode !== 'auto') continue;
    if (linkState.kind !== 'attached' || linkState.attachment.mode !== 'generic') continue;
    const { ifindex, device } = observed;
    const outlook = place.machine.askNativeOutlook(ifindex, {
      largest: device?.largest ?? 0,
      takesFrags: takes(wanted.program, place),
      why: reasons.get(ifindex),
    });
    found.set(ifindex, outlook);
  }
  return found;
}

/** Digests of what runs and of what is wanted there, where the two differ and the driver cares. */
function ownWithFrags({ wanted, observed, owned }: Difference, place: Place): string[] {
  const running = owned && runningInstance(owned);
  if (!wanted || !running || (observed?.device?.largest ?? 0) <= ONE_PAGE) return [];
  if (running.digest === wanted.program.digest) return [];
  const programs: (Program | undefined)[] = [wanted.program, recordedProgram(place.dataDir, running.digest)];
  return programs.flatMap((one) => (one && !one.firewall && takes(one, place) ? [one.digest] : []));
}

/** An object that is lost or cannot be used says so where it is loaded. */
function takes(program: Program, { machine, store }: Place): boolean {
  if (program.firewall !== undefined) return true;
  try {
    return machine.programTakesFrags(program, store);
  } catch (error) {
    if (error instanceof XdpkeepError) return false;
    throw error;
  }
}
