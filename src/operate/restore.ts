// What a machine runs before anything else can be asked: the generation that ran last, from the data directory alone. No
// state files, no source, no compiler, no network. A change on trial that the reboot cut off is undone first, so what is
// restored was confirmed. It makes no generation of its own unless the newest one never took effect.
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostPaths } from '../model/host-paths.js';
import { type Host, withHost } from '../pass/open-host.js';
import { tookNoEffect } from '../journal/took-effect.js';
import { listGenerations } from '../journal/generation-list.js';
import { readHold } from '../journal/hold.js';
import { generationState } from '../journal/generation-state.js';
import { readSoundJournal } from '../journal/read.js';
import { endExpired } from '../journal/suspension-writer.js';
import { readSuspensions } from '../journal/suspensions.js';
import { listInterfaces } from '../kernel/interfaces.js';
import type { DesiredState } from '../model/desired.js';
import { isGlob } from '../text/glob.js';
import type { Reconciliation } from '../model/reconciliation.js';
import { converge } from '../pass/reconcile.js';
import { waitingTrial } from '../trial/waiting.js';

export interface RestoreOptions extends HostPaths {
  /** Names a host that never changed anything. */
  host: string;
  /** Milliseconds to wait for interfaces that the generation names and that are not there yet. */
  wait: number;
}

/** Milliseconds between two looks for interfaces. */
const PAUSE = 100;

/** Attaches at once where it can, and again whenever one appears that was waited for. */
export async function restore(options: RestoreOptions): Promise<Reconciliation> {
  const deadline = performance.now() + options.wait;
  const warnings: string[] = []; // of the rounds before the last one
  for (;;) {
    let absent: string[] = [];
    const result = await withHost(options, (host) =>
      restoreOnce(options, host, (names) => {
        absent = names;
      }),
    );
    if (!(await oneAppears(absent, deadline)))
      return { ...result, warnings: [...new Set([...warnings, ...result.warnings])] };
    warnings.push(...result.warnings);
  }
}

/** `waits` is told which interfaces are not there yet. */
async function restoreOnce(
  options: RestoreOptions,
  { lock, pins, store }: Host,
  waits: (absent: string[]) => void,
): Promise<Reconciliation> {
  const { dataDir, host } = options;
  const generation = lastInEffect(dataDir);
  const desired = generationState(dataDir, generation, host);
  endExpired(lock);
  const pending = waitingTrial(dataDir, pins, desired);
  const hold = readHold(dataDir);
  const goal = {
    ...options,
    desired,
    store,
    warnings: [],
    suspensions: readSuspensions(dataDir),
    origin: { origin: 'reconcile' as const },
    ...(hold && { hold }),
    ...(pending && { pending }),
  };
  waits(absentNames(desired)); // asked first: one that comes during the pass is one that appears
  if (generation > 0) return converge(goal, lock);
  // There is nothing to restore, and nothing that is worth a generation.
  return { ...(await converge(goal, undefined)), dryRun: false };
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
