// What a look says of a step that a pass has tried in vain: it failed, and is no change that merely waits. Pure.
import type { JournalRecord } from '../model/record.js';
import type { PlannedStep, Step } from '../model/step.js';
import type { Failure } from './conditions.js';

/**
 * Interface -> why the step that is planned there failed when it was tried last. `failed`: interface -> its last step, where that
 * could not be done.
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

/** The same for two steps that want the same. */
function aim(step: Step | JournalRecord['step']): string {
  const digest = 'instance' in step ? step.instance.digest : undefined;
  const modes = 'modes' in step ? step.modes : 'mode' in step ? step.mode : undefined;
  return JSON.stringify([step.kind, digest, modes]);
}
