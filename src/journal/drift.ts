// Reads from the records what was applied last on each interface, and which drift was healed too often in too short a time.
// Pure.
import { type Installed, FIGHT_SECONDS, isByHand, MOST_HEALS, REST_SECONDS } from '../model/drift.js';
import type { JournalRecord } from '../model/record.js';

/**
 * Interface -> what was done there last. Absent where nothing is to be there, and where the last step or its trial was
 * undone, failed or was interrupted: what is there then, nobody knows.
 */
export function lastInstalled(records: readonly JournalRecord[]): Map<string, Installed> {
  const installed = new Map<string, Installed>();
  for (const { step, phase, of, generation, ...record } of records) {
    if (step.kind === 'trial' && phase === 'undone') forget(installed, generation);
    if (!('interface' in step)) continue;
    const name = step.interface;
    if (phase === 'intent' && ('instance' in step || step.kind === 'detach')) installed.delete(name);
    if (phase !== 'done') continue;
    if (step.kind === 'detach') installed.delete(name);
    if (step.kind === 'rename') move(installed, step.from, name);
    // A later run may have concluded it: the intent says in which boot it took effect.
    const { boot } = of === undefined ? record : (records[of - 1] ?? record);
    if ('instance' in step) {
      installed.set(name, { digest: step.instance.digest, boot, ifindex: step.ifindex, generation });
    }
  }
  return installed;
}

/** A trial that was undone: its inverses leave no records, and one of them may have failed. */
function forget(installed: Map<string, Installed>, generation: number): void {
  for (const [name, one] of installed) if (one.generation === generation) installed.delete(name);
}

/** Where the new name was one of ours too, the two were exchanged. */
function move(installed: Map<string, Installed>, from: string, to: string): void {
  const [moved, other] = [installed.get(from), installed.get(to)];
  for (const [name, one] of [
    [to, moved],
    [from, other],
  ] as const) {
    if (one) installed.set(name, one);
    else installed.delete(name);
  }
}

/**
 * Heals that must not be repeated: three of the same thing, close to each other and not long ago, towards the state files
 * of `generation`. `resume` forgets all before it. Time is that since the boot, which nobody can set: heals of another
 * boot do not count. `keyOf`: what a step heals. Returned: that -> its interface.
 */
export function stalledHeals(
  records: readonly JournalRecord[],
  now: { boot: string; uptime: number; generation: number },
  keyOf: (step: Extract<JournalRecord['step'], { interface: string }>) => string | undefined,
): Map<string, string> {
  const heals = new Map<string, { interface: string; times: number[] }>();
  for (const { step, phase, boot, uptime, generation } of records) {
    if (step.kind === 'resume') heals.clear();
    if (phase !== 'done' || !('interface' in step) || boot !== now.boot || uptime === undefined) continue;
    const key = keyOf(step);
    if (key === undefined || generation !== now.generation || !isByHand(step.drift ?? 'rebooted')) continue;
    heals.set(key, { interface: step.interface, times: [...(heals.get(key)?.times ?? []), uptime] });
  }
  const fights = [...heals].filter(([, { times }]) => isFight(times, now.uptime));
  return new Map(fights.map(([key, one]) => [key, one.interface]));
}

function isFight(times: number[], now: number): boolean {
  const [first] = times.slice(-MOST_HEALS);
  const last = times.at(-1);
  if (times.length < MOST_HEALS || first === undefined || last === undefined) return false;
  return last - first <= FIGHT_SECONDS && now - last < REST_SECONDS;
}
