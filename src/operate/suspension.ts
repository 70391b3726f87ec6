// Hands off for a while: an operator works on the host, and passes only look. `resume` ends that, and the hold of a
// rollback or detach as well.
import { stalledNow } from '../pass/drift-context.js';
import { endHold } from '../journal/end-hold.js';
import { newestGeneration } from '../journal/generation-list.js';
import { holdIfReadable, isHeld } from '../journal/hold.js';
import { Journal } from '../journal/journal.js';
import { withWriterLock } from '../journal/lock.js';
import { addSuspension, endSuspensions, type NewSuspension } from '../journal/suspension-writer.js';
import { readSuspensions } from '../journal/suspensions.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { listInterfaces } from '../kernel/interfaces.js';
import { UsageError } from '../model/errors.js';
import type { Hold } from '../model/reconciliation.js';
import { suggest } from '../text/suggest.js';
import { type Suspension, suspends } from '../model/suspension.js';
import type { HostPaths } from '../model/host-paths.js';

/** Throws a UsageError for an interface that is not there: a suspension of a mistyped name suspends nothing. */
export async function suspend(
  { dataDir }: Pick<HostPaths, 'dataDir'>,
  wanted: NewSuspension,
): Promise<Suspension> {
  requireCapabilities();
  const { interface: name } = wanted;
  const names = listInterfaces().map((one) => one.name);
  if (name !== undefined && !names.includes(name)) {
    const meant = suggest(name, names);
    throw new UsageError(`there is no interface ${name}`, {
      hint:
        meant === undefined ? 'Name one that `ip link` shows, or none for all.' : `Did you mean ${meant}?`,
    });
  }
  return withWriterLock(dataDir, (lock) => Promise.resolve(addSuspension(lock, Journal.open(lock), wanted)));
}

export interface Resumption {
  ended: boolean;
  /** Absent also when the hold was unreadable. */
  hold?: Hold;
  /** What was ended. */
  suspensions: Suspension[];
  /** Interfaces whose drift is healed again: it had been healed too often. */
  stalled: string[];
  /** What goes on: a file that has to be removed by hand, or a suspension of everything beside the one that was named. */
  left: Suspension[];
}

/** Ends the hold and every suspension, or with `only` the suspension of one interface. The next pass applies again. */
export async function resume(
  { dataDir }: Pick<HostPaths, 'dataDir'>,
  reason: string,
  only: string | undefined,
): Promise<Resumption> {
  requireCapabilities();
  return withWriterLock(dataDir, (lock) => {
    const journal = Journal.open(lock);
    const stalled = endStalls(journal, newestGeneration(dataDir), reason);
    const suspensions = endSuspensions(lock, journal, reason, only);
    const held = only === undefined && isHeld(dataDir);
    const hold = held ? holdIfReadable(dataDir) : undefined;
    if (held) endHold(lock, journal, reason);
    const left = readSuspensions(dataDir).filter((one) => only === undefined || suspends(one, only));
    return Promise.resolve({
      ended: held || suspensions.length + stalled.length > 0,
      ...(hold && { hold }),
      suspensions,
      stalled,
      left,
    });
  });
}

/** Any record of this kind makes the count of heals begin again. */
function endStalls(journal: Journal, generation: number, reason: string): string[] {
  const stalled = [...new Set(stalledNow(generation, journal.records).values())];
  if (stalled.length === 0) return [];
  journal.appendDone({
    kind: 'resume',
    reason: `${reason}: drift of ${stalled.join(', ')} is healed again`,
  });
  return stalled;
}
