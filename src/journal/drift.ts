// Derives from the records what was last applied to each interface, and which drift was healed too often within a short time. Pure.
import { type Installed, FIGHT_SECONDS, isByHand, MOST_HEALS, REST_SECONDS } from '../model/drift.js';
import type { JournalRecord } from '../model/record.js';

/**
 * Interface -> the instance that was last applied. Absent where it was detached, and where the last step or its trial was undone, failed
 * or was interrupted: the records then do not say what runs.
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
    // A later run may have recorded the outcome: the intent says in which boot the step took effect.
    const { boot } = of === undefined ? record : (records[of - 1] ?? record);
    if ('instance' in step) {
      installed.set(name, { digest: step.instance.digest, boot, ifindex: step.ifindex, generation });
    }
  }
  return installed;
}

/** Removes the interfaces of a trial that was undone: its inverses leave no records, and one of them may have failed. */
function forget(installed: Map<string, Installed>, generation: number): void {
  for (const [name, one] of installed) if (one.generation === generation) installed.delete(name);
}

/** Moves an entry to the new name; where the new name has an entry too, the two interfaces exchanged their names. */
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
 * Finds drift that must not be healed again: the same drift was healed MOST_HEALS times within FIGHT_SECONDS, the last time less than
 * REST_SECONDS ago, under `generation`. `resume` clears the count. Times are seconds since boot, which nobody can set; records of
 * another boot do not count. `keyOf` identifies the drift that a step heals. Returns key -> interface.
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
