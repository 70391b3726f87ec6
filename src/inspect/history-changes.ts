// What each generation changed against the one before it: in a line each, or one of them in full. Reads only.
import { summarizeChange } from '../diff/change-summary.js';
import { diffStates } from '../diff/state-diff.js';
import { summarizeHistory } from '../journal/history.js';
import { withStoredPolicies } from '../journal/stored-policies.js';
import { readGeneration } from '../journal/generations.js';
import { generationState } from '../journal/generation-state.js';
import { listGenerations } from '../journal/generation-list.js';
import { readJournal } from '../journal/read.js';
import { JournalError, UsageError } from '../model/errors.js';
import type { GenerationReport, GenerationSummary } from '../model/history.js';
import { ifReadable } from '../disk/if-readable.js';
import type { Generation, JournalRecord } from '../model/record.js';
import { NOTHING, type WholeState, wholeOf } from '../model/state-diff.js';

/** With what each changed; without where its policies, or those of the one before, cannot be read. */
export function withChanges(
  dataDir: string,
  generations: readonly Generation[],
  records: readonly JournalRecord[],
): GenerationSummary[] {
  const summaries = summarizeHistory(generations, records);
  let before: WholeState | undefined = NOTHING;
  let last = 0;
  return summaries.map((summary, at): GenerationSummary => {
    const generation = generations[at];
    const state = generation && ifReadable(() => wholeOf(withStoredPolicies(dataDir, generation.desired)));
    // One that is missing in between may have changed anything.
    const changes =
      before && state && summary.number === last + 1
        ? summarizeChange(diffStates(before, state, false))
        : undefined;
    [before, last] = [state, summary.number];
    return { ...summary, ...(changes && { changes }) };
  });
}

/** Throws a UsageError when there is no such generation, a JournalError when it cannot be read. */
export function reportGeneration(dataDir: string, number: number): GenerationReport {
  if (!listGenerations(dataDir).includes(number)) {
    throw new UsageError(`there is no generation ${number}`, { hint: '`xdpkeep history` lists them.' });
  }
  const generation = readGeneration(dataDir, number);
  const { records } = readJournal(dataDir);
  const [summary] = summarizeHistory([generation], records);
  if (!summary) throw new JournalError(`generation ${number} cannot be summed up`);
  const previous = listGenerations(dataDir).findLast((one) => one < number) ?? 0;
  const before = ifReadable(() => wholeOf(generationState(dataDir, previous, '')));
  const state = wholeOf(withStoredPolicies(dataDir, generation.desired));
  const steps = records.filter((record) => record.generation === number && record.phase !== 'intent');
  return {
    apiVersion: 'xdpkeep/v1',
    kind: 'Generation',
    ...summary,
    previous,
    ...(before && { diff: diffStates(before, state, true) }),
    steps: steps.map(({ time, phase, step, note }) => ({
      time,
      phase,
      ...('interface' in step ? { interface: step.interface, action: step.action } : { action: step.kind }),
      reason: step.reason,
      ...(note !== undefined && { note }),
    })),
  };
}
