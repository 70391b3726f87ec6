// Finds planned steps that an earlier pass tried and that failed: `status` shows them as Failed, not as Pending. Pure.
import type { JournalRecord } from '../model/record.js';
import type { PlannedStep, Step } from '../model/step.js';
import type { Failure } from './conditions.js';

/**
 * Interface -> why its planned step failed the last time. `failed`: interface -> its last record, when that is a failed or undone step.
 */
export function formerFailures(
  steps: readonly PlannedStep[],
  failed: ReadonlyMap<string, Pick<JournalRecord, 'step' | 'note'>>,
): Map<string, Failure> {
  const failures = new Map<string, Failure>();
  for (const { step } of steps) {
    const last = failed.get(step.interface);
    if (step.kind === 'none' || !last || aim(last.step) !== aim(step)) continue;
    failures.set(step.interface, {
      condition: 'Failed',
      reason: last.note ?? `${step.reason}, which failed`,
    });
  }
  return failures;
}

/** Equal for two steps with the same kind, instance and modes. */
function aim(step: Step | JournalRecord['step']): string {
  const digest = 'instance' in step ? step.instance.digest : undefined;
  const modes = 'modes' in step ? step.modes : 'mode' in step ? step.mode : undefined;
  return JSON.stringify([step.kind, digest, modes]);
}
