// What operators do against the state files: go back, or take everything away. Both are the same walk as a reconcile,
// towards another desired state, and leave a hold.
import { DiskObjectStore } from '../disk/object-store.js';
import { tookNoEffect } from '../journal/took-effect.js';
import { newestGeneration } from '../journal/generation-list.js';
import { currentGeneration, currentIfReadable, readGeneration } from '../journal/generations.js';
import { generationState } from '../journal/generation-state.js';
import { holdIfReadable, writeHold } from '../journal/hold.js';
import { Journal } from '../journal/journal.js';
import { readJournal } from '../journal/read.js';
import { type DesiredState, emptyState, setsOf } from '../model/desired.js';
import { UsageError } from '../model/errors.js';
import type { Hold, Reconciliation } from '../model/reconciliation.js';
import type { LookOptions } from '../model/pass-options.js';
import type { HostPaths } from '../model/host-paths.js';
import type { Origin } from '../pass/inputs.js';
import { inputsForDeparture } from '../pass/inputs-for-departure.js';
import type { OpenHost } from '../pass/host.js';
import { withHost, withLockedHost } from '../pass/open-host.js';
import { converge } from '../pass/reconcile.js';
import { markForRevert, dropTrial } from '../trial/revert.js';
import { requireNoTrial } from '../trial/waiting.js';
import { writtenNow } from '../pass/written-now.js';

/** Makes the kernel run an earlier generation again, by default the one before the current content. */
export async function rollback(
  paths: HostPaths,
  generation: number | undefined,
  reason: string,
): Promise<Reconciliation> {
  return withHost(paths, async (host) => {
    requireNoTrial(paths.dataDir, host.pins);
    const newest = newestGeneration(paths.dataDir);
    if (newest === 0) throw new UsageError('there is no generation to roll back from', { hint: NOTHING_YET });
    const target = generation ?? previous(paths.dataDir);
    if (target < 0 || target > newest) {
      throw new UsageError(`there is no generation ${target} to roll back to`, {
        hint: `Generations are 0 (nothing attached) to ${newest}: see xdpkeep history.`,
      });
    }
    const left = currentIfReadable(paths.dataDir)?.desired;
    const desired = generationState(paths.dataDir, target, left?.host ?? '');
    const { of, source } =
      target === 0 ? { of: 0, source: undefined } : readGeneration(paths.dataDir, target);
    requireObjects(paths.dataDir, desired);
    const origin = { origin: 'rollback' as const, of, reason, ...(source && { source }) };
    return leave(host, desired, origin, left ? [left.written] : []);
  });
}

/** The one before the content that is current, passing over those of which no step ever took effect. */
function previous(dataDir: string): number {
  const { records } = readJournal(dataDir);
  const { of, number } = currentGeneration(dataDir) ?? { of: 0, number: 0 };
  let target = of - 1;
  while (target > 0 && target < number && tookNoEffect(records, target)) target--;
  return target;
}

/** A rollback that cannot be done must not leave a hold: so everything that it needs is looked at first. */
function requireObjects(dataDir: string, desired: DesiredState): void {
  const store = new DiskObjectStore(dataDir);
  for (const { program } of desired.interfaces) {
    store.get(program.object);
    for (const set of setsOf(program.firewall)) set.content();
  }
}

/** Takes everything of ours off the kernel. What the state files want now is on hold as well. */
export async function detachAll(options: LookOptions, reason: string): Promise<Reconciliation> {
  return withLockedHost(options, async (host) => {
    const { lock, pins, dataDir } = host;
    markForRevert(lock, pins, reason);
    const current = currentIfReadable(dataDir)?.desired;
    const left = [...(current ? [current.written] : []), ...(await writtenNow(options.from, dataDir))];
    const desired = emptyState(current?.host ?? options.from.host);
    const result = await leave(host, desired, { origin: 'detach', of: 0, reason }, left);
    await dropTrial(lock, pins, 'everything was detached');
    return result;
  });
}

type Departure = Origin & Required<Pick<Origin, 'of' | 'reason'>>;

/**
 * `left`: `written` of the desired states that must not come back by themselves. The hold comes before the change: a crash
 * between the two must not bring them back.
 */
async function leave(
  host: OpenHost,
  desired: DesiredState,
  origin: Departure,
  left: readonly string[],
): Promise<Reconciliation> {
  const { lock, dataDir } = host;
  const { of, reason } = origin;
  const journal = Journal.open(lock);
  // A new hold replaces a damaged one: what it said is lost either way.
  const before = holdIfReadable(dataDir)?.digests ?? [];
  const digests = [...new Set([...before, ...left])].filter((digest) => digest !== desired.written);
  const hold: Hold = { digests, generation: of, reason, since: new Date().toISOString() };
  journal.appendDone({ kind: 'hold', reason });
  writeHold(lock, hold);
  return { ...(await converge(inputsForDeparture(host, desired, origin))), hold };
}

const NOTHING_YET = 'The first reconcile that changes something makes generation 1.';
