// Makes the plan of a pass from the desired state, the observed state and what the journal says of earlier passes.
import { diff } from '../diff/diff.js';
import { findRenames, withRename } from '../diff/renames.js';
import { requireConntrack, warnOfConntrack } from './conntrack.js';
import { driftContext } from './drift-context.js';
import { warnOfHiddenTags } from './hidden-tags.js';
import { isAgainstStateFiles, type PassInputs } from './inputs.js';
import { pastAttachments } from './past-attachments.js';
import { wantedRecorder } from './recorder.js';
import { lastFailures } from '../journal/intents.js';
import type { MapDefinition } from '../model/instance.js';
import type { ObservedState } from '../model/observed.js';
import type { JournalRecord } from '../model/record.js';
import type { Plan } from '../model/step.js';
import { plan } from '../plan/plan.js';

export function planPass(
  { place, target, safeties }: Pick<PassInputs, 'place' | 'target' | 'safeties'>,
  found: ObservedState,
  records: readonly JournalRecord[],
): Plan {
  const { desired, retry, goNative, tracking } = target;
  requireConntrack(tracking, 'ask' in safeties.trial, place.dataDir);
  const renames = findRenames(desired, found);
  const observed = renames.reduce(withRename, found);
  const differences = diff(desired, observed);
  const definitions = new Map<string, MapDefinition[]>();
  for (const { wanted, owned } of differences) {
    const digest = wanted?.program.digest;
    if (!wanted || digest === undefined || definitions.has(digest)) continue;
    const pinned = owned?.instances.find((one) => one.digest === digest && one.programId !== undefined);
    if (!wanted.program.firewall && (!pinned || pinned.lost || pinned.differs))
      definitions.set(digest, place.machine.inspect(wanted.program, place.store));
  }
  const egress = wantedRecorder(desired);
  const context = {
    observed,
    definitions,
    past: {
      ...pastAttachments(place, { observed, differences }, records, goNative),
      drift: driftContext({ desired, dataDir: place.dataDir }, records, {
        boot: observed.boot,
        insist: retry || isAgainstStateFiles(target),
      }),
      failedLately: retry ? new Map() : failedLately(records, observed.boot),
      keepsFormer: 'ask' in safeties.confirmation,
    },
    ...(egress && { egress }),
  };
  const planned = plan(desired, differences, context, renames);
  return {
    ...planned,
    warnings: [
      ...planned.warnings,
      ...warnOfHiddenTags(differences, place.machine),
      ...place.machine.warnOfPressure(place.pins, observed.owned),
      ...warnOfConntrack(tracking),
    ],
  };
}

/** Milliseconds that a step with a gap waits after it failed. */
const PATIENCE = 600_000;

function failedLately(records: readonly JournalRecord[], boot: string): Map<string, JournalRecord> {
  const failures = lastFailures(records, boot);
  for (const [name, { time }] of failures) {
    const age = Date.now() - Date.parse(time);
    if (age < 0 || age > PATIENCE) failures.delete(name);
  }
  return failures;
}
