// What a machine runs before anything else can be asked: the generation that ran last, from the data directory alone. No
// state files, no source, no compiler, no network. A change on trial that the reboot cut off is undone first, so what is
// restored was confirmed. It makes no generation of its own unless the newest one never took effect.
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostPaths } from '../model/host-paths.js';
import { inputsToRestore } from '../pass/inputs-from-generation.js';
import { undoneWords, withHost } from '../pass/open-host.js';
import { tookNoEffect } from '../journal/took-effect.js';
import { listGenerations } from '../journal/generation-list.js';
import { readSoundJournal } from '../journal/read.js';
import { listLinks } from '../kernel/rtnetlink.js';
import { goesBy } from '../model/altnames.js';
import type { DesiredState } from '../model/desired.js';
import { isGlob } from '../text/glob.js';
import type { Reconciliation } from '../model/reconciliation.js';
import { converge } from '../pass/reconcile.js';

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
  const before: string[] = []; // what the rounds before have undone
  for (;;) {
    let absent: string[] = [];
    let undone: string[] = [];
    const result = await withHost(options, (host) => {
      if (host.undone !== undefined) undone = [undoneWords(host.undone)];
      const inputs = inputsToRestore(host, lastInEffect(options.dataDir), options.host);
      absent = absentNames(inputs.target.desired); // asked first: one that comes during the pass is one that appears
      return converge(inputs);
    });
    if (!(await oneAppears(absent, deadline)))
      return { ...result, warnings: [...before, ...result.warnings] };
    before.push(...undone);
  }
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
  const there = listLinks();
  return named.filter((name) => !there.some((one) => goesBy(one, name)));
}

/** False when none does in time. */
async function oneAppears(names: string[], deadline: number): Promise<boolean> {
  while (names.length > 0 && performance.now() < deadline) {
    await sleep(PAUSE);
    if (listLinks().some((one) => names.some((name) => goesBy(one, name)))) return true;
  }
  return false;
}
