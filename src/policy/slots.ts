// Which counter belongs to which row. Slots stay with names: a rule that moves, goes and comes back counts on where it
// stopped. Built-in rows have the first slots, always.
import { RefusedError } from '../model/errors.js';
import { BUILTIN_ROWS } from '../model/policy.js';

/** Entries of the map `counters` in bpf/tables.h. */
export const COUNTER_SLOTS = 4096;

/**
 * Slot of every name in `rows`, and of those that `known` remembers besides. A new name takes the lowest free slot;
 * when none is free, that of a remembered name which `rows` does not use. Whoever owned a slot before: `cleared`.
 */
export function assignSlots(
  known: ReadonlyMap<string, number>,
  rows: readonly string[],
): { slots: Map<string, number>; cleared: number[] } {
  const slots = new Map<string, number>(BUILTIN_ROWS.map((row, slot) => [row, slot]));
  for (const [name, slot] of known) if (!slots.has(name)) slots.set(name, slot);
  const used = new Set(slots.values());
  const wanted = new Set(rows);
  const cleared: number[] = [];
  let free = 0;
  for (const name of wanted) {
    if (slots.has(name)) continue;
    while (used.has(free)) free++;
    const slot = free < COUNTER_SLOTS ? free : takeFrom(slots, wanted);
    if (free >= COUNTER_SLOTS) cleared.push(slot);
    used.add(slot);
    slots.set(name, slot);
  }
  return { slots, cleared };
}

function takeFrom(slots: Map<string, number>, wanted: ReadonlySet<string>): number {
  for (const [name, slot] of slots) {
    if (slot < BUILTIN_ROWS.length || wanted.has(name)) continue;
    slots.delete(name);
    return slot;
  }
  throw new RefusedError(`an interface has counters for ${COUNTER_SLOTS} rules, and all are in use`, {
    hint: 'Use fewer rules: a policy has 1,024 at most.',
  });
}
