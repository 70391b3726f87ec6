// What people are told of a change on trial: what was asked of it, how it ended, how long there is to confirm it.
import type { ProbeReport, TrialReport } from '../model/reconciliation.js';
import { type Paint, printable } from './style.js';

export function trialLines(trial: TrialReport | undefined, paint: Paint): string[] {
  if (!trial) return [];
  const { probes, failure, rolledBackIn } = trial;
  return [
    ...probes.map((probe) => probeLine(probe, paint)),
    ...(failure === undefined
      ? []
      : [`${paint('red', 'undone')} within ${rolledBackIn ?? 0} ms: ${printable(failure)}`]),
  ];
}

function probeLine({ probe, heldBefore, heldAfter, detail = '' }: ProbeReport, paint: Paint): string {
  const name = `  ${printable(probe)}:`;
  if (!heldBefore)
    return `${name} ${paint('yellow', 'failed before')}, so it decides nothing: ${printable(detail)}`;
  if (heldAfter === undefined) return `${name} held before, was not asked again`;
  return heldAfter ? `${name} holds` : `${name} ${paint('red', 'fails')}: ${printable(detail)}`;
}
