// How near a table is to forgetting flows that are not over. What an LRU map lets go it does not tell, and one that ran for long is always
// full, of flows that are over for the most part. So what counts is how much of it is taken by those that are not.
import { PRESSURES, type Pressure, type TableCount } from '../../model/connection-table.js';

/** Shares of the capacity. Above the second one hardly anything is left to forget but flows that are not over. */
const HIGH = 0.8;
const FULL = 0.95;

type Fill = Pick<TableCount, 'name' | 'known' | 'capacity'>;

/** Flows that are only begun may be forgotten at any time: that they fill their table is what it is for. */
export function pressureOf({ name, known, capacity }: Fill): Pressure {
  if (name === 'begun') return 'none';
  if (capacity > 0 && known >= capacity * FULL) return 'full';
  return capacity > 0 && known >= capacity * HIGH ? 'high' : 'none';
}

/** That of the table that has most. */
export function highest(tables: readonly Fill[]): Pressure {
  const found = tables.map((one) => PRESSURES.indexOf(pressureOf(one)));
  return PRESSURES[Math.max(0, ...found)] ?? 'none';
}

/** What is said where it is not `none`, one sentence for each table. */
export function pressureWarnings(tables: readonly TableCount[]): string[] {
  return tables.flatMap((table) => {
    const pressure = pressureOf(table);
    if (pressure === 'none') return [];
    const share = Math.floor((table.known / table.capacity) * 100);
    const what =
      pressure === 'full'
        ? 'connections are forgotten that are not over'
        : 'when it is full, connections are forgotten';
    return [`the table of ${table.name} connections is ${share} % full: ${what}`];
  });
}

/**
 * Of the flows that were written into a table those that are neither in it nor were removed: they made room for others. What was
 * written while the table was read may be missing, so it is a lower bound.
 */
export function forgottenOf(flows: number, removed: number, present: number): number {
  return Math.max(0, flows - removed - present);
}
