// What a machine runs before anything else can be asked: the generation that ran last, from the data directory alone. No
// state files, no source, no compiler, no network. A change on trial that the reboot cut off is undone first, so what is
// restored was confirmed. It makes no generation of its own unless the newest one never took effect.
import { setTimeout as sleep } from 'node:timers/promises';
import { DiskObjectStore } from '../disk/object-store.js';
import type { Paths } from '../pass/goal.js';
import { tookNoEffect } from '../journal/took-effect.js';
import { listGenerations } from '../journal/generation-list.js';
import { readHold } from '../journal/hold.js';
import { generationState } from '../journal/generation-state.js';
import { type WriterLock, withWriterLock } from '../journal/lock.js';
import { readSoundJournal } from '../journal/read.js';
import { endExpired } from '../journal/suspension-writer.js';
import { readSuspensions } from '../journal/suspensions.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { listInterfaces } from '../kernel/interfaces.js';
import { pinPathsOf } from '../kernel/pin-paths.js';
import type { DesiredState } from '../model/desired.js';
import { isGlob } from '../text/glob.js';
import type { Reconciliation } from '../model/reconciliation.js';
import { converge } from '../pass/reconcile.js';
import { endOverdueTrial } from '../trial/revert.js';
import { undoneWarning, waitingTrial } from '../trial/waiting.js';
import { writtenNow } from '../pass/written-now.js';

export interface RestoreOptions extends Paths {
  /** Names a host that never changed anything. */
  host: string;
  /** Milliseconds to wait for interfaces that the generation names and that are not there yet. */
  wait: number;
}

/** Milliseconds between two looks for interfaces. */
const PAUSE = 100;

/** Attaches at once where it can, and again whenever one appears that was waited for. */
export async function restore(options: RestoreOptions): Promise<Reconciliation> {
  requireCapabilities();
  const deadline = performance.now() + options.wait;
  for (;;) {
    const { absent, result } = await withWriterLock(options.dataDir, (lock) => restoreOnce(options, lock));
    if (!(await oneAppears(absent, deadline))) return result;
  }
}

async function restoreOnce(options: RestoreOptions, lock: WriterLock) {
  const { dataDir, host } = options;
  const undone = await endOverdueTrial(lock, pinPathsOf(options.bpffs), writtenNow);
  const generation = lastInEffect(dataDir);
  const desired = generationState(dataDir, generation, host);
  endExpired(lock);
  const pending = waitingTrial(dataDir, pinPathsOf(options.bpffs), desired);
  const hold = readHold(dataDir);
  const goal = {
    ...options,
    desired,
    store: new DiskObjectStore(dataDir),
    warnings: undone === undefined ? [] : [undoneWarning(undone)],
    suspensions: readSuspensions(dataDir),
    origin: { origin: 'reconcile' as const },
    ...(hold && { hold }),
    ...(pending && { pending }),
  };
  const absent = absentNames(desired); // asked first: one that comes during the pass is one that appears
  if (generation > 0) return { absent, result: await converge(goal, lock) };
  // There is nothing to restore, and nothing that is worth a generation.
  return { absent, result: { ...(await converge(goal, undefined)), dryRun: false } };
}

/** The newest generation that ran; 0 where none did. */
function lastInEffect(dataDir: string): number {
  const { records } = readSoundJournal(dataDir);
  return listGenerations(dataDir).findLast((number) => !tookNoEffect(records, number)) ?? 0;
}

/** Interfaces that it names, redirect targets included, and that this machine has not. */
function absentNames({ interfaces }: DesiredState): string[] {
  const named = interfaces.flatMap(({ pattern, program }) => [
    ...(isGlob(pattern) ? [] : [pattern]),
    ...(program.firewall?.policy.rules ?? []).flatMap(({ action }) =>
      'interface' in action ? [action.interface] : [],
    ),
  ]);
  const there = new Set(listInterfaces().map(({ name }) => name));
  return named.filter((name) => !there.has(name));
}

/** False when none does in time. */
async function oneAppears(names: string[], deadline: number): Promise<boolean> {
  while (names.length > 0 && performance.now() < deadline) {
    await sleep(PAUSE);
    if (listInterfaces().some(({ name }) => names.includes(name))) return true;
  }
  return false;
}
