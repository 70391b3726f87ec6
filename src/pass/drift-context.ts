// What planning must know of drift, gathered from the journal and the generation in force.
import { lastInstalled, stalledHeals } from '../journal/drift.js';
import { currentIfReadable } from '../journal/generations.js';
import { bootId, uptime } from '../kernel/boot.js';
import type { DesiredState } from '../model/desired.js';
import type { JournalRecord } from '../model/record.js';
import type { DriftContext } from '../plan/context.js';
import { driftKey } from '../plan/drift.js';

/** `insist`: heal, whatever was left so before. */
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

/** A stall counts for the generation in force alone: with other state files, healing starts afresh. */
function stalled(
  desired: DesiredState,
  dataDir: string,
  records: readonly JournalRecord[],
): Map<string, string> {
  if (!records.some(({ step }) => 'drift' in step)) return new Map<string, string>(); // most hosts, most of the time
  const current = currentIfReadable(dataDir);
  return current?.desired.digest === desired.digest
    ? stalledNow(current.number, records)
    : new Map<string, string>();
}

/** What is stalled under the generation in force. */
export function stalledNow(generation: number, records: readonly JournalRecord[]): Map<string, string> {
  return stalledHeals(records, { boot: bootId(), uptime: uptime(), generation }, driftKey);
}
