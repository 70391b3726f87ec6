// The end of a change that may not stay: what it did is undone first, then written down, so that a full disk cannot keep
// the old programs from coming back. `pending.json` is the intent of all this, and goes last: until then it is done again.
import { execute } from '../apply/execute.js';
import { listGenerations } from '../journal/generation-list.js';
import { readGeneration } from '../journal/generations.js';
import { writeGeneration } from '../journal/generation-writer.js';
import { keptState } from '../journal/kept.js';
import { holdIfReadable, writeHold } from '../journal/hold.js';
import { Journal } from '../journal/journal.js';
import type { WriterLock } from '../journal/lock.js';
import { clearPending, readPending, writePending } from '../journal/pending.js';
import { inversesOf, isUnconfirmed, trialOf } from '../journal/trials.js';
import { bootId, monotonicNow } from '../kernel/boot.js';
import { disarmDeadline } from '../kernel/deadline.js';
import type { Layout } from '../kernel/layout.js';
import { XdpkeepError } from '../model/errors.js';
import { ifReadable } from '../model/if-readable.js';
import { type Pending, type Place, whyOver } from '../model/pending.js';
import type { Hold } from '../model/reconciliation.js';

/**
 * Ends a trial that is over: the run that made it died, nobody confirmed it in time, or the machine was rebooted.
 * Returns why; `undefined` when there is none, or when it goes on.
 */
export async function endOverdueTrial(
  lock: WriterLock,
  layout: Layout,
  wanted: WantedNow,
): Promise<string | undefined> {
  const pending = readPending(lock.dataDir);
  if (!pending) return undefined;
  const reason = whyOver(pending, { boot: bootId(), now: monotonicNow() });
  if (reason === undefined) return undefined;
  const unattended = pending.phase === 'waiting' && pending.ending === undefined;
  await undoTrial(lock, layout, pending, reason, unattended ? wanted : undefined);
  return reason;
}

/** What the state files want by now: `DesiredState.written`, or nothing. */
export type WantedNow = (place: Place, dataDir: string) => Promise<string[]>;

/**
 * Undoes what the change did and puts it on hold; the caller makes the kernel run `Hold.generation`, whole and clean.
 * `wanted` where nobody asked for it: then what was written while the change waited is on hold as well, since its author
 * did not know how this one would end.
 */
export async function undoTrial(
  lock: WriterLock,
  layout: Layout,
  pending: Pending,
  reason: string,
  wanted?: WantedNow,
): Promise<Hold | undefined> {
  const journal = Journal.open(lock);
  if (wasConfirmed(journal, pending)) {
    clearPending(lock);
    return undefined;
  }
  runInverses(lock, layout, journal, pending.generation);
  const since = wanted && pending.place ? await wanted(pending.place, lock.dataDir) : [];
  const hold = abandon(lock, journal, pending, reason, since);
  if (pending.deadline) await disarmDeadline(pending.deadline.armed);
  return hold;
}

/** From now on what is on trial ends with nothing attached, also when this process is killed before it has done that. */
export function doomTrial(lock: WriterLock, reason: string): void {
  const pending = pendingIfReadable(lock.dataDir);
  if (pending) writePending(lock, { ...pending, previous: 0, ending: reason });
}

/** Ends whatever is on trial, readable or not, and undoes nothing: what comes next leaves nothing of it. */
export async function dropTrial(lock: WriterLock, reason: string): Promise<void> {
  const pending = pendingIfReadable(lock.dataDir);
  if (pending) {
    const { generation } = pending;
    Journal.open(lock).append({ generation, phase: 'undone', step: { kind: 'trial', reason } });
  }
  clearPending(lock);
  if (pending?.deadline) await disarmDeadline(pending.deadline.armed);
}

function pendingIfReadable(dataDir: string): Pending | undefined {
  return ifReadable(() => readPending(dataDir));
}

/** Confirmed, and killed before the announcement was gone. */
function wasConfirmed({ records }: Journal, { generation }: Pending): boolean {
  return trialOf(records, generation) !== undefined && !isUnconfirmed(records, generation);
}

/** One that fails does not stop the others: what is left of it, the next plan sees. */
export function runInverses(lock: WriterLock, layout: Layout, journal: Journal, generation: number): void {
  for (const inverse of inversesOf(journal.records, generation, bootId())) {
    try {
      execute(lock, inverse, layout, undefined);
    } catch (error) {
      if (!(error instanceof XdpkeepError)) throw error;
    }
  }
}

/** Writes down that the change is undone. The hold comes first: a crash must not bring the change back. `since`: what else it holds. */
export function abandon(
  lock: WriterLock,
  journal: Journal,
  pending: Pending,
  reason: string,
  since: readonly string[] = [],
): Hold | undefined {
  const { generation, previous, written } = pending;
  if (!listGenerations(lock.dataDir).includes(generation)) {
    clearPending(lock); // it was announced, and ended before anything was done
    return undefined;
  }
  const desired = keptState(lock.dataDir, previous, readGeneration(lock.dataDir, generation).desired.host);
  const before = holdIfReadable(lock.dataDir)?.digests ?? [];
  const left = [...before, written, ...since].filter((digest) => digest !== desired.written);
  const digests = [...new Set(left)];
  // A new hold replaces a damaged one.
  const hold: Hold = { digests, generation: previous, reason, since: new Date().toISOString() };
  writeHold(lock, hold);
  const of = trialOf(journal.records, generation)?.seq;
  journal.append({
    generation,
    phase: 'undone',
    step: { kind: 'trial', reason },
    ...(of !== undefined && { of }),
  });
  writeGeneration(lock, { origin: 'rollback', of: previous, reason, desired });
  clearPending(lock);
  return hold;
}
