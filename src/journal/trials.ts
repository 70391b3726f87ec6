// Reads from the records which generations were never confirmed, and which steps of a trial can be undone. Pure.
import type { JournalRecord } from '../model/record.js';
import type { EffectiveStep } from '../model/step.js';

/** Reason of a trial that stood, of a change of which something could not be done yet: the rest goes on trial for itself. */
export const IN_PART = 'in part';

/** The record that announced the trial of a generation; absent when it never got so far. */
export function trialOf(records: readonly JournalRecord[], generation: number): JournalRecord | undefined {
  return records.findLast(
    (record) => isTrial(record) && record.phase === 'intent' && record.generation === generation,
  );
}

/** How the last trial of all ended; absent while it has not, and where there was none. */
export function lastTrialOutcome(records: readonly JournalRecord[]): JournalRecord | undefined {
  const last = records.findLast(isTrial);
  return last?.phase === 'intent' ? undefined : last;
}

/** Was it on trial, and never confirmed? Generations that nobody put on trial count as confirmed. */
export function isUnconfirmed(records: readonly JournalRecord[], generation: number): boolean {
  const last = records.findLast((record) => isTrial(record) && record.generation === generation);
  return last !== undefined && last.phase !== 'confirmed';
}

/**
 * The inverses of the steps that a generation on trial brought into effect, or may have, in the order in which they are
 * to be run. Empty in another boot: what the kernel ran then is gone.
 */
export function inversesOf(
  records: readonly JournalRecord[],
  generation: number,
  boot: string,
): EffectiveStep[] {
  const trial = trialOf(records, generation);
  if (!trial) return [];
  const undone = new Set(
    records.flatMap(({ phase, of }) => ((phase === 'failed' || phase === 'undone') && of ? [of] : [])),
  );
  return records
    .filter((one) => one.seq > trial.seq && one.generation === generation && one.boot === boot)
    .flatMap(({ seq, phase, inverse }) =>
      phase === 'intent' && inverse && !undone.has(seq) ? [inverse] : [],
    )
    .reverse();
}

function isTrial({ step }: JournalRecord): boolean {
  return step.kind === 'trial';
}
