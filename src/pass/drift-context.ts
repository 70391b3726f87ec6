// Reads from the journal and the current generation what planning needs to tell drift from a new desired state.
import { lastInstalled, stalledHeals } from '../journal/drift.js';
import { currentIfReadable } from '../journal/generations.js';
import { bootId, uptime } from '../kernel/boot.js';
import type { DesiredState } from '../model/desired.js';
import type { JournalRecord } from '../model/record.js';
import type { DriftContext } from '../plan/context.js';
import { driftKey } from '../plan/drift.js';

/** `insist`: heal also what was given up before. */
export function driftContext(
  { desired, dataDir }: { desired: DesiredState; dataDir: string },
  records: readonly JournalRecord[],
  { boot, insist }: Pick<DriftContext, 'boot' | 'insist'>,
): DriftContext {
  return {
    boot,
    installed: lastInstalled(records),
    stalled: stalled(desired, dataDir, records),
    insist,
  };
}

/** A stall counts only for the current generation: when the state files change, healing starts again. */
function stalled(
  desired: DesiredState,
  dataDir: string,
  records: readonly JournalRecord[],
): Map<string, string> {
  if (!records.some(({ step }) => 'drift' in step)) return new Map<string, string>(); // the usual case
  const current = currentIfReadable(dataDir);
  return current?.desired.digest === desired.digest
    ? stalledNow(current.number, records)
    : new Map<string, string>();
}

/** What is stalled under the current generation. */
export function stalledNow(generation: number, records: readonly JournalRecord[]): Map<string, string> {
  return stalledHeals(records, { boot: bootId(), uptime: uptime(), generation }, driftKey);
}
