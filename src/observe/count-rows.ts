// What the rows of one interface have counted, as a policy has them.
import { isThere } from '../kernel/bpffs.js';
import { readCounter, readRows } from '../kernel/counters.js';
import type { PinPaths } from '../kernel/pin-paths.js';
import { openPin } from '../kernel/pinned.js';
import type { RowCount } from '../model/counters.js';
import type { HostPolicy } from '../model/desired.js';
import { BUILTIN_ROWS } from '../model/policy.js';
import { rowsOf } from '../model/rows.js';

/** The rows of one interface, as the policy that runs there has them: `firewall`, or all that there are without it. */
export function countRows(name: string, paths: PinPaths, firewall: HostPolicy | undefined): RowCount[] {
  using counters = openPin(paths.counters(name));
  if (!counters) return [];
  const slots = new Map(readRows(paths, name).map(({ row, slot }) => [row, slot]));
  return rowOrder(slots, firewall).flatMap((row) => {
    const slot = slots.get(row);
    if (slot === undefined) return [];
    const { packets, bytes } = readCounter(counters.number, slot);
    if (row === '(blocked)' && packets === 0n && !isThere(paths.blocks(name))) return []; // nothing was ever blocked
    return [{ name: row, packets: Number(packets), bytes: Number(bytes) }];
  });
}

/** Rules as the policy has them, then the built-in rows. Rows of rules that are gone keep silent. */
function rowOrder(slots: ReadonlyMap<string, number>, firewall: HostPolicy | undefined): string[] {
  if (firewall) return rowsOf(firewall.policy);
  return [...[...slots.keys()].filter((row) => !isBuiltin(row)), ...BUILTIN_ROWS];
}

function isBuiltin(row: string): boolean {
  return BUILTIN_ROWS.some((builtin) => builtin === row);
}
