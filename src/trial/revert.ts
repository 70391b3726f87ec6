// Reverts a change on trial. The kernel goes back first and the records follow, so that a full disk cannot keep the old
// programs from coming back. `pending.json` serves as the intent and is removed last: until then the revert is repeated.
import { execute } from '../apply/execute.js';
import { effect } from '../apply/failpoint.js';
import { listGenerations } from '../journal/generation-list.js';
import { readGeneration } from '../journal/generations.js';
import { writeGeneration } from '../journal/generation-writer.js';
import { generationState } from '../journal/generation-state.js';
import { holdIfReadable, writeHold } from '../journal/hold.js';
import { Journal } from '../journal/journal.js';
import { withoutDataDir, type WriterLock } from '../journal/lock.js';
import { clearPending, writePending } from '../journal/pending.js';
import { inversesOf, isUnconfirmed, trialOf } from '../journal/trials.js';
import {
  type Announced,
  removeUndoRecord,
  writeUndoRecord,
  readTrial,
  readUndoRecord,
  type UndoRecord,
} from '../journal/undo-record.js';
import { bootId } from '../kernel/boot.js';
import { disarmDeadline } from '../kernel/deadline.js';
import type { PinPaths } from '../kernel/pin-paths.js';
import type { Pins } from '../kernel/pins.js';
import { JournalError, XdpkeepError } from '../model/errors.js';
import { ifReadable } from '../disk/if-readable.js';
import type { Pending, Place } from '../model/pending.js';
import type { Hold } from '../model/reconciliation.js';
import type { EffectiveStep } from '../model/step.js';

/** `DesiredState.written` of the state files as they are now; empty when they are invalid. */
export type WrittenNow = (place: Place, dataDir: string) => Promise<string[]>;

/**
 * Undoes the change and puts it on hold; the caller then converges to `Hold.generation`. `wanted` is given where no operator asked
 * for the undoing: then state files that were written while the change waited are on hold as well, since their author did not
 * know that it would be undone.
 */
export async function undoTrial(
  lock: WriterLock,
  pins: Pins,
  announced: Announced,
  reason: string,
  wanted?: WrittenNow,
): Promise<Hold | undefined> {
  const { pending } = announced;
  const journal = openOrError(lock);
  if (journal instanceof Journal && wasConfirmed(journal, pending)) {
    endAnnouncement(lock, pins);
    return undefined;
  }
  runInverses(lock, pins, waysBack(journal, announced));
  if (!(journal instanceof Journal)) {
    doom(lock, pins, announced, reason); // the rest follows once the journal can be written
    throw journal;
  }
  const since = wanted && pending.place ? await wanted(pending.place, lock.dataDir) : [];
  const hold = revertTrial(lock, pins, journal, announced, reason, since);
  if (pending.deadline) await disarmDeadline(pending.deadline.armed);
  return hold;
}

/** For a deadline that passes while the data directory cannot be used: attaches the former programs again, and records nothing. */
export async function undoByPins(pins: Pins, id: string, reason: string): Promise<void> {
  const kept = readUndoRecord(pins);
  if (kept?.pending.id !== id) return;
  await withoutDataDir(pins.root, (lock) => {
    runInverses(lock, pins, kept.inverses);
    doom(lock, pins, kept, reason);
    return Promise.resolve();
  });
}

/** Marks the announcement, so that a change that was undone cannot be confirmed although the journal does not say so yet. */
function doom(lock: WriterLock, pins: PinPaths, announced: UndoRecord, reason: string): void {
  writeUndoRecord(lock, pins, { ...announced, pending: { ...announced.pending, ending: reason } });
}

function openOrError(lock: WriterLock): Journal | JournalError {
  try {
    return Journal.open(lock);
  } catch (error) {
    if (error instanceof JournalError) return error;
    throw error;
  }
}

/** Only the steps that were begun, by the journal; all of them where the journal does not say. */
function waysBack(
  journal: Journal | JournalError,
  { pending: { generation, boot }, inverses }: Announced,
): EffectiveStep[] {
  if (journal instanceof Journal && trialOf(journal.records, generation)) {
    return inversesOf(journal.records, generation, bootId());
  }
  return boot === bootId() ? inverses : [];
}

/** From now on the change on trial ends with nothing attached, even if this process is killed before it is done. */
export function markForRevert(lock: WriterLock, pins: PinPaths, reason: string): void {
  const announced = trialIfReadable(lock, pins);
  if (!announced) return;
  const pending = { ...announced.pending, previous: 0, ending: reason };
  writePending(lock, pending);
  writeUndoRecord(lock, pins, { ...announced, pending });
}

/** Marks the change as given up, in the data directory and on the bpffs: the run may have failed because one of them cannot be written. */
export function markGivenUp(lock: WriterLock, pins: PinPaths, reason: string): void {
  const announced = trialIfReadable(lock, pins);
  if (!announced) return;
  const pending = { ...announced.pending, ending: reason };
  for (const write of [
    () => {
      writeUndoRecord(lock, pins, { ...announced, pending });
    },
    () => {
      writePending(lock, pending);
    },
  ])
    tryTo(write);
}

/** Ends whatever is on trial, readable or not, without undoing it: the caller detaches everything. */
export async function dropTrial(lock: WriterLock, pins: PinPaths, reason: string): Promise<void> {
  const pending = trialIfReadable(lock, pins)?.pending;
  if (pending) {
    const { generation } = pending;
    Journal.open(lock).append({ generation, phase: 'undone', step: { kind: 'trial', reason } });
  }
  endAnnouncement(lock, pins);
  if (pending?.deadline) await disarmDeadline(pending.deadline.armed);
}

function trialIfReadable({ dataDir }: WriterLock, pins: PinPaths): Announced | undefined {
  return ifReadable(() => readTrial(dataDir, pins));
}

/** Once it is decided. The way back first: one that outlived the announcement would be gone. */
export function endAnnouncement(lock: WriterLock, pins: PinPaths): void {
  removeUndoRecord(lock, pins);
  clearPending(lock);
}

/** The change was confirmed, but the run was killed before it removed the announcement. */
function wasConfirmed({ records }: Journal, { generation }: Pending): boolean {
  return trialOf(records, generation) !== undefined && !isUnconfirmed(records, generation);
}

/** An inverse that fails does not stop the others: the next plan finds what it left. */
export function runInverses(lock: WriterLock, pins: Pins, inverses: readonly EffectiveStep[]): void {
  for (const inverse of inverses)
    tryTo(() => {
      execute(lock, inverse, pins, undefined);
    });
}

function tryTo(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof XdpkeepError)) throw error;
  }
}

/** Records that the change is undone. The hold is written first, so that a crash cannot bring the change back. `since`: further digests for the hold. */
export function revertTrial(
  lock: WriterLock,
  pins: PinPaths,
  journal: Journal,
  announced: Pick<Announced, 'pending' | 'lost'>,
  reason: string,
  since: readonly string[] = [],
): Hold | undefined {
  const { pending } = announced;
  const { generation, previous, written } = pending;
  const isThere = listGenerations(lock.dataDir).includes(generation);
  if (!isThere && !announced.lost) {
    endAnnouncement(lock, pins); // it was announced, and ended before anything was done
    return undefined;
  }
  // If no record says what ran before, there is no content to repeat: only the hold keeps the change away.
  const lost = announced.lost || pending.unknown === true;
  const host = isThere ? readGeneration(lock.dataDir, generation).desired.host : '';
  const kept = lost ? undefined : generationState(lock.dataDir, previous, host);
  const before = holdIfReadable(lock.dataDir)?.digests ?? [];
  const left = [...before, written, ...since].filter((digest) => digest !== kept?.written);
  const digests = [...new Set(left)];
  const now = new Date().toISOString();
  // A new hold replaces a damaged one.
  const about = { undone: generation, ...(lost && { lost }) };
  const hold: Hold = { digests, generation: previous, reason, since: now, ...about };
  writeHold(lock, hold);
  const of = trialOf(journal.records, generation)?.seq;
  const step = { kind: 'trial', reason } as const;
  effect('decide', () =>
    journal.append({ generation, phase: 'undone', step, ...(of !== undefined && { of }) }),
  );
  if (kept) writeGeneration(lock, { origin: 'rollback', of: previous, reason, desired: kept });
  endAnnouncement(lock, pins);
  return hold;
}
