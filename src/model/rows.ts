// Rows of counters: the rules of a policy by name, and the built-in ones. A row keeps its slot while the interface is
// ours, so that it counts on through updates, reorderings and rollbacks.
import { answers } from './desired.js';
import { RefusedError } from './errors.js';
import { ANSWERED_ROW, BUILTIN_ROWS, type Policy } from './policy.js';

/** Slots in the map `counters`, bpf/tables.h. */
const SLOTS = 4096;

export interface RowSlot {
  row: string;
  slot: number;
}

export interface RowAssignment {
  /** Slot of every row of the policy. */
  slots: ReadonlyMap<string, number>;
  /** Those that had none; their slots have to be emptied. */
  added: RowSlot[];
  /** True when the interface has counters already. */
  pinned: boolean;
}

/**
 * Gives every row a slot: its own where it has one, else a free one, else that of a row that is not in the policy any
 * more. Throws a RefusedError when there are more rows than slots.
 */
export function assignRows(
  rows: readonly string[],
  existing: readonly RowSlot[],
): Omit<RowAssignment, 'pinned'> {
  const had = new Map(existing.map(({ row, slot }) => [row, slot]));
  const wanted = [...new Set(rows)];
  const taken = new Set(existing.map(({ slot }) => slot));
  const unused = existing.filter(({ row }) => !wanted.includes(row)).map(({ slot }) => slot);
  const free = Array.from({ length: SLOTS }, (_, slot) => slot).filter((slot) => !taken.has(slot));
  const spare = [...free, ...unused];
  const added = wanted
    .filter((row) => !had.has(row))
    .map((row, index) => {
      const slot = spare[index];
      if (slot === undefined) throw new RefusedError(`more than ${SLOTS} rows to count`);
      return { row, slot };
    });
  const slots = new Map(wanted.map((row) => [row, had.get(row) ?? -1]));
  for (const { row, slot } of added) slots.set(row, slot);
  return { slots, added };
}

/** The rows that count what comes to a policy: its rules, the built-in ones, and where it answers that of the answers. */
export function rowsOf(policy: Policy): string[] {
  const rules = policy.rules.map(({ name }) => name);
  return [...rules, ...BUILTIN_ROWS, ...(answers(policy) ? [ANSWERED_ROW] : [])];
}
