// What the rows of each interface have counted. Reads only and takes no lock.
import { recordedPolicy } from '../journal/running.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { isThere } from '../kernel/bpffs.js';
import { readCounter, readRows } from '../kernel/counters.js';
import { pinPathsOf, type PinPaths } from '../kernel/pin-paths.js';
import { openPin } from '../kernel/pinned.js';
import type { Counters, RowCount } from '../model/counters.js';
import type { HostPolicy } from '../model/desired.js';
import { UsageError } from '../model/errors.js';
import { type OwnedInterface, runningInstance, runsPolicy } from '../model/observed.js';
import { BUILTIN_ROWS } from '../model/policy.js';
import { observe } from '../observe/observe.js';
import type { HostPaths } from '../model/host-paths.js';

/** Interfaces that run a policy, by name; `only` narrows it to one, which must be there. */
export async function readCounters({ bpffs, dataDir }: HostPaths, only?: string): Promise<Counters> {
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
    .map((one) => ({
      name: one.name,
      rules: countRows(one.name, pinPathsOf(bpffs), runningFirewall(one, dataDir)),
    }));
  return { apiVersion: 'xdpkeep/v1', kind: 'Counters', interfaces };
}

function runningFirewall(owned: OwnedInterface, dataDir: string): HostPolicy | undefined {
  const instance = runningInstance(owned);
  return instance && recordedPolicy(dataDir, instance.digest);
}

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
  const rules =
    firewall?.policy.rules.map(({ name }) => name) ?? [...slots.keys()].filter((row) => !isBuiltin(row));
  return [...rules, ...BUILTIN_ROWS];
}

function isBuiltin(row: string): boolean {
  return BUILTIN_ROWS.some((builtin) => builtin === row);
}
