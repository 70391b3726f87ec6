// Gathers all metrics of a host from one observation. A part that cannot be read is absent; the rest is still reported.
import { requireCapabilities } from '../kernel/capabilities.js';
import { journalFigures } from '../metrics/figures.js';
import type { Snapshot } from '../metrics/exposition.js';
import { XdpkeepError } from '../model/errors.js';
import type { LookOptions } from '../model/pass-options.js';
import { observe } from '../observe/observe.js';
import { readBlockReports } from './blocks.js';
import { readRuleCounters } from './rule-counters.js';
import { status } from './status.js';

export async function readHostMetrics(options: LookOptions, version: string): Promise<Snapshot> {
  const seen = await orAbsent(() => {
    requireCapabilities();
    return observe({ bpffs: options.bpffs });
  });
  const found = seen && (await orAbsent(() => status(options, seen)));
  const rules = seen && (await orAbsent(() => readRuleCounters(options, seen)));
  const blocks = seen && (await orAbsent(() => readBlockReports(options, seen.owned)));
  const journal = await orAbsent(() => journalFigures(options.dataDir));
  return {
    version,
    ...(found && { status: found }),
    ...(rules && { rules }),
    ...(blocks && { blocks }),
    ...(journal && { journal }),
  };
}

async function orAbsent<T>(read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof XdpkeepError) return undefined;
    throw error;
  }
}
