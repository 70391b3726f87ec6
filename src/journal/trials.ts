// Derives from the records which generations were never confirmed, and which steps of a trial can be undone. Pure.
import type { JournalRecord } from '../model/record.js';
import type { EffectiveStep } from '../model/step.js';

/** The reason in the record of a confirmed trial when a part of the change still waits; that part gets a trial of its own. */
export const IN_PART = 'in part';

/** The record that announced the trial of a generation; `undefined` when there was no trial. */
export function trialOf(records: readonly JournalRecord[], generation: number): JournalRecord | undefined {
  return records.findLast(
    (record) => isTrial(record) && record.phase === 'intent' && record.generation === generation,
  );
}

/** The record that ended the newest trial; `undefined` while it goes on, and when there was none. */
export function lastTrialOutcome(records: readonly JournalRecord[]): JournalRecord | undefined {
  const last = records.findLast(isTrial);
  return last?.phase === 'intent' ? undefined : last;
}

/** Was the generation on trial and never confirmed? One that was not on trial counts as confirmed. */
export function isUnconfirmed(records: readonly JournalRecord[], generation: number): boolean {
  const last = records.findLast((record) => isTrial(record) && record.generation === generation);
  return last !== undefined && last.phase !== 'confirmed';
}

/**
 * The inverses of the steps of a generation on trial that took effect, or may have, in the order in which to run them. Empty after a
 * reboot, which detached everything.
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
