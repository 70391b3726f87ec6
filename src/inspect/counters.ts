// What the rows of each interface have counted. Reads only and takes no lock.
import { recordedPolicy } from '../journal/running.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { pinPathsOf } from '../kernel/pin-paths.js';
import type { Counters } from '../model/counters.js';
import type { HostPolicy } from '../model/desired.js';
import { UsageError } from '../model/errors.js';
import { type OwnedInterface, runningInstance, runsPolicy } from '../model/observed.js';
import { countRows } from '../observe/count-rows.js';
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
