// What the rows of each interface have counted. Reads only and takes no lock.
import { recordedFirewall } from './journal/running.js';
import { requireCapabilities } from './kernel/capabilities.js';
import { readCounter, readRows } from './kernel/counters.js';
import { layout, type Layout } from './kernel/layout.js';
import { openPin } from './kernel/pinned.js';
import type { Counters, RowCount } from './model/counters.js';
import { UsageError } from './model/errors.js';
import { type OwnedInterface, runningInstance, runsPolicy } from './model/observed.js';
import { BUILTIN_ROWS } from './model/policy.js';
import { observe } from './observe/observe.js';
import type { Paths } from './goal.js';

/** Interfaces that run a policy, by name; `only` narrows it to one, which must be there. */
export async function readCounters({ bpffs, dataDir }: Paths, only?: string): Promise<Counters> {
  requireCapabilities();
  const { owned } = await observe({ bpffs });
  const counting = owned.filter(runsPolicy);
  if (only !== undefined && !counting.some(({ name }) => name === only)) {
    throw new UsageError(`interface ${only} runs no policy of ours`, {
      hint: `These do: ${counting.map(({ name }) => name).join(', ') || 'none'}.`,
    });
  }
  const interfaces = counting
    .filter(({ name }) => only === undefined || name === only)
    .map((one) => ({ name: one.name, rules: rowsOf(one, layout(bpffs), dataDir) }));
  return { apiVersion: 'xdpkeep/v1', kind: 'Counters', interfaces };
}

function rowsOf(owned: OwnedInterface, paths: Layout, dataDir: string): RowCount[] {
  using counters = openPin(paths.counters(owned.name));
  if (!counters) return [];
  const slots = new Map(readRows(paths, owned.name).map(({ row, slot }) => [row, slot]));
  return rowOrder(owned, slots, dataDir).flatMap((name) => {
    const slot = slots.get(name);
    if (slot === undefined) return [];
    const { packets, bytes } = readCounter(counters.number, slot);
    return [{ name, packets: Number(packets), bytes: Number(bytes) }];
  });
}

/** Rules as the running policy has them, then the built-in rows. Rows of rules that are gone keep silent. */
function rowOrder(owned: OwnedInterface, slots: ReadonlyMap<string, number>, dataDir: string): string[] {
  const instance = runningInstance(owned);
  const firewall = instance && recordedFirewall(dataDir, instance.digest);
  const rules =
    firewall?.policy.rules.map(({ name }) => name) ?? [...slots.keys()].filter((row) => !isBuiltin(row));
  return [...rules, ...BUILTIN_ROWS];
}

function isBuiltin(row: string): boolean {
  return BUILTIN_ROWS.some((builtin) => builtin === row);
}
