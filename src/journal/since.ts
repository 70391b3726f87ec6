// Derives from the records since when conditions hold. Pure.
import type { JournalRecord } from '../model/record.js';

/** Interface -> when a step on it last ended (ISO 8601), in this boot or an earlier one. */
export function lastChanges(records: readonly JournalRecord[]): Map<string, string> {
  const changes = new Map<string, string>();
  for (const { phase, step, time } of records) {
    if (phase !== 'intent' && 'interface' in step) changes.set(step.interface, time);
  }
  return changes;
}

/** When this commit was last adopted, ISO 8601; absent where the records do not say. */
export function lastAdoption(records: readonly JournalRecord[], commit: string): string | undefined {
  return records.findLast(({ step }) => step.kind === 'source' && step.revision.commit === commit)?.time;
}
