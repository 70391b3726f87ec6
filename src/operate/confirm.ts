// Decides a change that waits for its confirmation: `confirm` lets it stay, `cancel` undoes it and puts it on hold. Whoever
// comes too late is told how it was decided before.
import { effect } from '../apply/failpoint.js';
import { endHold } from '../journal/end-hold.js';
import { isHeld } from '../journal/hold.js';
import { Journal } from '../journal/journal.js';
import { readJournal } from '../journal/read.js';
import { IN_PART, lastTrialOutcome, trialOf } from '../journal/trials.js';
import { readTrial } from '../journal/undo-record.js';
import { disarmDeadline } from '../kernel/deadline.js';
import { EXIT } from '../model/errors.js';
import type { Reconciliation } from '../model/reconciliation.js';
import type { HostPaths } from '../model/host-paths.js';
import { inputsAfterDecision } from '../pass/inputs-from-generation.js';
import { withHost, withLockedHost } from '../pass/open-host.js';
import type { EffectiveStep } from '../model/step.js';
import { converge } from '../pass/reconcile.js';
import { endAnnouncement, undoTrial } from '../trial/revert.js';
import { writtenNow } from '../pass/written-now.js';

/** What `confirm` and `cancel` did: they decided the change, or found that it was decided before. */
export interface TrialDecision {
  result?: Reconciliation;
  /** The generation that stays, whole unless something of it could not be done yet; absent when nothing was confirmed. */
  confirmed?: { generation: number; inPart: boolean };
  /** Why the last change on trial was undone before anybody asked; absent when it was not, or there was none. */
  undoneBefore?: string;
  /** Beside those of the result. */
  warnings: string[];
}

/** Lets the change stay, and cleans away what it left. Exit 10 when it is too late. */
export async function confirm(paths: HostPaths): Promise<TrialDecision> {
  return withHost(paths, async (host): Promise<TrialDecision> => {
    const { lock, pins, undone } = host;
    if (undone !== undefined) {
      const result = await converge(inputsAfterDecision(host, NOBODY));
      return { result: { ...result, exitCode: EXIT.rolledBack }, undoneBefore: undone, warnings: [] };
    }
    const pending = readTrial(paths.dataDir, pins)?.pending;
    if (!pending) return decidedBefore(paths.dataDir);
    const { generation, inPart = false } = pending;
    const journal = Journal.open(lock);
    const of = trialOf(journal.records, generation)?.seq;
    const step = {
      kind: 'trial',
      reason: inPart ? `confirmed by hand, ${IN_PART}` : 'confirmed by hand',
    } as const;
    const phase = inPart ? 'failed' : 'confirmed';
    effect('decide', () => journal.append({ generation, phase, step, ...(of !== undefined && { of }) }));
    if (isHeld(paths.dataDir)) endHold(lock, journal, 'another change was confirmed');
    endAnnouncement(lock, pins);
    if (pending.deadline) await disarmDeadline(pending.deadline.armed);
    // The clean-up of a suspended interface waits; nobody asked for more here.
    const result = unlessHeld(await converge(inputsAfterDecision(host, NOBODY)));
    return { result, confirmed: { generation, inPart }, warnings: [] };
  });
}

/** Undoes the change and puts it on hold. `id`: only if it is this one. */
export async function cancel(paths: HostPaths, reason: string, id?: string): Promise<TrialDecision> {
  return withLockedHost(paths, async (host): Promise<TrialDecision> => {
    const { lock, pins } = host;
    const announced = readTrial(paths.dataDir, pins);
    if (!announced) return decidedBefore(paths.dataDir);
    if (id !== undefined && announced.pending.id !== id) return { warnings: [] };
    const wanted = id === undefined ? undefined : writtenNow;
    const hold = await undoTrial(lock, pins, announced, reason, wanted);
    // What it undoes is undone on suspended interfaces too; the others stay as they are.
    const touched = new Set(announced.inverses.flatMap(namesOf));
    const passed = await converge(inputsAfterDecision(host, touched));
    const result = hold?.lost === true ? passed : unlessHeld(passed);
    return { result: { ...result, ...(hold && { hold }) }, warnings: [] };
  });
}

/** Interfaces that a suspension covers and that are touched all the same. */
const NOBODY: ReadonlySet<string> = new Set();

function namesOf(step: EffectiveStep): string[] {
  return step.kind === 'rename' ? [step.from, step.interface] : [step.interface];
}

/** What was asked for is done, whatever is suspended. */
function unlessHeld(result: Reconciliation): Reconciliation {
  return { ...result, exitCode: result.exitCode === EXIT.held ? EXIT.ok : result.exitCode };
}

function decidedBefore(dataDir: string): TrialDecision {
  const last = lastTrialOutcome(readJournal(dataDir).records);
  return { warnings: [], ...(last?.phase === 'undone' && { undoneBefore: last.step.reason }) };
}
