// What operators do against the state files: go back, take everything away, and end the hold that either leaves.
// All three are the same walk as a reconcile, towards another desired state.
import { loadHost } from './desired/load.js';
import { DiskObjectStore, MemoryObjectStore } from './disk/object-store.js';
import { currentGeneration } from './journal/generations.js';
import { keptState } from './journal/kept.js';
import { endHold } from './journal/end-hold.js';
import { readHold, writeHold } from './journal/hold.js';
import { Journal } from './journal/journal.js';
import { type WriterLock, withWriterLock } from './journal/lock.js';
import { requireCapabilities } from './kernel/capabilities.js';
import { type DesiredState, emptyState } from './model/desired.js';
import { UsageError, XdpkeepError } from './model/errors.js';
import type { Hold, Reconciliation } from './model/reconciliation.js';
import { type Paths, type ReconcileOptions, converge } from './reconcile.js';

/** Makes the kernel run an earlier generation again, by default the one before the current content. */
export async function rollback(
  paths: Paths,
  generation: number | undefined,
  reason: string,
): Promise<Reconciliation> {
  requireCapabilities();
  return withWriterLock(paths.dataDir, async (lock) => {
    const current = currentGeneration(paths.dataDir);
    if (!current) throw new UsageError('there is no generation to roll back from', { hint: NOTHING_YET });
    const target = generation ?? current.of - 1;
    if (target < 0 || target > current.number) {
      throw new UsageError(`there is no generation ${target} to roll back to`, {
        hint: `Generations are 0 (nothing attached) to ${current.number}: see xdpkeep history.`,
      });
    }
    const desired = keptState(paths.dataDir, target, current.desired.host);
    return leave(lock, paths, {
      desired,
      origin: 'rollback',
      of: target,
      reason,
      left: [current.desired.digest],
    });
  });
}

/** Takes everything of ours off the kernel. What the state files want now is on hold as well. */
export async function detachAll(options: ReconcileOptions, reason: string): Promise<Reconciliation> {
  requireCapabilities();
  return withWriterLock(options.dataDir, async (lock) => {
    const current = currentGeneration(options.dataDir)?.desired;
    const wanted = await tryLoad(options);
    const left = [current, wanted].flatMap((state) => (state ? [state.digest] : []));
    const desired = emptyState(current?.host ?? options.host);
    return leave(lock, options, { desired, origin: 'detach', of: 0, reason, left });
  });
}

/** Ends the hold: the next reconcile applies the state files again. Returns what was ended. */
export async function resume(paths: Paths, reason: string): Promise<Hold | undefined> {
  requireCapabilities();
  return withWriterLock(paths.dataDir, (lock) => {
    const hold = readHold(paths.dataDir);
    if (hold) endHold(lock, Journal.open(lock), reason);
    return Promise.resolve(hold);
  });
}

interface Departure {
  desired: DesiredState;
  origin: 'rollback' | 'detach';
  of: number;
  reason: string;
  /** Digests of the desired states that must not come back by themselves. */
  left: string[];
}

/** The hold comes before the change: a crash between the two must not bring the left state back. */
async function leave(lock: WriterLock, paths: Paths, departure: Departure): Promise<Reconciliation> {
  const { desired, origin, of, reason, left } = departure;
  const journal = Journal.open(lock);
  const digests = [...new Set([...(readHold(paths.dataDir)?.digests ?? []), ...left])];
  const kept = digests.filter((digest) => digest !== desired.digest);
  const hold: Hold = { digests: kept, generation: of, reason, since: new Date().toISOString() };
  const generation = currentGeneration(paths.dataDir)?.number ?? 0;
  journal.append({ generation, phase: 'done', step: { kind: 'hold', reason } });
  writeHold(lock, hold);
  const store = new DiskObjectStore(paths.dataDir);
  const result = await converge(
    { ...paths, desired, store, warnings: [], origin: { origin, of, reason } },
    lock,
  );
  return { ...result, hold };
}

async function tryLoad(options: ReconcileOptions) {
  try {
    const store = new MemoryObjectStore(new DiskObjectStore(options.dataDir));
    return (await loadHost({ ...options, store })).desired;
  } catch (error) {
    if (error instanceof XdpkeepError) return undefined; // detaching must not depend on readable state files
    throw error;
  }
}

const NOTHING_YET = 'The first reconcile that changes something makes generation 1.';
