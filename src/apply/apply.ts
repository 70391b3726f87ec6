// The executor: intent, effect, a fresh observation, outcome. A step that fails, or after which the kernel does not run
// what was promised, is undone at once and does not stop the others. Takes the writer lock: nothing else in the program
// changes the kernel.
import type { Journal } from '../journal/journal.js';
import type { WriterLock } from '../journal/lock.js';
import type { Pins } from '../kernel/pins.js';
import { EXIT, XdpkeepError } from '../model/errors.js';
import type { ObservedState } from '../model/observed.js';
import type { JournalEntry } from '../model/record.js';
import type { Attachment, EffectiveStep, Plan, PlannedStep } from '../model/step.js';
import type { Candidate } from '../prove/candidate.js';
import type { Proven } from '../prove/prove.js';
import { verifyStep } from '../verify/verify.js';
import { execute, finish, finishUndo } from './execute.js';
import { awaitEffect, effect } from './failpoint.js';

export interface ApplyContext {
  kernel: { pins: Pins; observe: () => Promise<ObservedState> };
  records: ApplyRecords;
  proven: Pick<Proven, 'loaded' | 'failed'> & Partial<Pick<Proven, 'recorders'>>;
  trial?: OnTrial;
}

interface ApplyRecords {
  journal: Journal;
  /** The generation that the steps bring into effect. */
  generation: number;
  /** The steps bring back what was there: nothing is recorded to go back by. */
  restores?: boolean;
}

/** What a change on trial has to say while it is made. */
export interface OnTrial {
  /** Asked when every step was verified: why none of them may stay, as soon as that is known. */
  findFailure?: () => Promise<string | undefined>;
  /** Called when all that can be undone is undone, before it is written down. */
  reverted?: () => void;
  /** What the steps left stays, so that they can be undone later: nothing is cleaned away. */
  keep?: boolean;
}

export interface Applied {
  step: EffectiveStep;
  /** `failed`: never took effect. `undone`: took effect, was found wrong. `stuck`: could not be undone either. */
  outcome: 'done' | 'failed' | 'undone' | 'stuck';
  error?: Error;
  /** Where a link was made. */
  attached?: Attachment;
}

interface Attempt {
  planned: PlannedStep & { step: EffectiveStep };
  /** `seq` of the intent. */
  intent: number;
  attached?: Attachment;
}

/** Applies every step that has something to do and was proven. Throws only when the journal cannot be written. */
export async function apply(lock: WriterLock, plan: Plan, context: ApplyContext): Promise<Applied[]> {
  const results: Applied[] = [];
  const attempts: Attempt[] = [];
  const waiting = new Set<string>();
  for (const together of batches(plan.steps.filter(isEffective))) {
    const planned = together.filter(({ step }) => {
      return !context.proven.failed.has(step.interface) && !waiting.has(step.interface);
    });
    for (const attempt of intend(planned, context)) {
      const { step } = attempt.planned;
      const error = attemptStep(() => {
        const attached = execute(lock, step, context.kernel.pins, provenFor(step, context));
        if (attached) attempt.attached = attached;
      });
      if (!error) attempts.push(attempt);
      else {
        results.push(undo(lock, attempt, error, 'failed', context));
        for (const name of namesBehind(step)) waiting.add(name);
      }
    }
  }
  if (attempts.length === 0) return results;
  const observed = await look(context);
  if (observed instanceof Error) {
    // A change that nobody can see is not left in effect. Backwards: a step after a rename counts on its names.
    return [...results, ...undoAll(lock, attempts, observed, context)];
  }
  const right: Attempt[] = [];
  for (const attempt of attempts) {
    const wrong = verifyStep(attempt.planned.step, observed);
    if (wrong === undefined) right.push(attempt);
    else results.push(undo(lock, attempt, wrongStep(attempt, wrong), 'undone', context));
  }
  const failure = right.length > 0 ? await context.trial?.findFailure?.() : undefined;
  if (failure !== undefined) {
    return [...results, ...undoAll(lock, right, new VerificationError(failure), context)];
  }
  return [...results, ...concludeAll(lock, right, context)];
}

/** Whose intents are written together: renames go one by one, and what records before rules ask about what it records. */
function batches(steps: Attempt['planned'][]): Attempt['planned'][][] {
  const renames = steps.filter(({ step }) => step.kind === 'rename');
  const records = steps.filter(({ step }) => step.kind === 'record');
  const others = steps.filter(({ step }) => step.kind !== 'rename' && step.kind !== 'record');
  return [...renames.map((rename) => [rename]), records, others];
}

/** Interfaces whose other steps count on this one. */
function namesBehind(step: EffectiveStep): string[] {
  if (step.kind === 'rename') return [step.from, step.interface];
  return step.kind === 'record' ? [step.interface] : [];
}

function provenFor(step: EffectiveStep, { proven }: ApplyContext): Candidate | undefined {
  const candidates = step.kind === 'record' ? proven.recorders : proven.loaded;
  return candidates?.get(step.interface);
}

/** Backwards; the former programs decide again everywhere before anything is cleaned up or written down. */
function undoAll(lock: WriterLock, attempts: Attempt[], error: Error, context: ApplyContext): Applied[] {
  const reverted = attempts.reverse().map((attempt) => [attempt, revert(lock, attempt, context)] as const);
  context.trial?.reverted?.();
  return reverted.map(([attempt, failed]) => concludeUndo(lock, attempt, error, 'undone', failed, context));
}

function wrongStep({ planned }: Attempt, wrong: string): VerificationError {
  return new VerificationError(`${planned.step.interface}: ${wrong}`);
}

async function look({ kernel: { observe } }: ApplyContext): Promise<ObservedState | Error> {
  try {
    return await awaitEffect('verify', observe);
  } catch (error) {
    return asError(error);
  }
}

function isEffective(planned: PlannedStep): planned is PlannedStep & { step: EffectiveStep } {
  return planned.step.kind !== 'none';
}

/** The intents of all of them are on the disk before the first of them begins. */
function intend(
  planned: Attempt['planned'][],
  { records: { journal, generation, restores } }: ApplyContext,
): Attempt[] {
  if (planned.length === 0) return [];
  const entries = planned.map(({ step, inverse }): JournalEntry => {
    return { generation, phase: 'intent', step, ...(inverse && !restores && { inverse }) };
  });
  const records = effect('intent', () => journal.appendAll(entries));
  return planned.map((one, at) => ({ planned: one, intent: records[at]?.seq ?? 0 }));
}

/** Cleans up behind each of them, and then writes down once that they are done. */
function concludeAll(lock: WriterLock, attempts: Attempt[], context: ApplyContext): Applied[] {
  const results: Applied[] = [];
  const done: JournalEntry[] = [];
  for (const attempt of attempts) {
    const { step } = attempt.planned;
    const { error, note } = cleanUp(lock, step, context);
    if (error) {
      results.push(undo(lock, attempt, error, 'failed', context));
      continue;
    }
    const { attached } = attempt;
    done.push(outcome(attempt, 'done', context, note));
    results.push({ step, outcome: 'done', ...(attached && { attached }) });
  }
  if (done.length > 0) effect('outcome', () => context.records.journal.appendAll(done));
  return results;
}

/** `error` where cleaning up was all that the step had to do. */
function cleanUp(
  lock: WriterLock,
  step: EffectiveStep,
  context: ApplyContext,
): { error?: Error; note?: string } {
  if (context.trial?.keep === true) return { note: 'what it left is kept until it is confirmed' };
  const error = attemptStep(() => {
    finish(lock, step, context.kernel.pins);
  });
  if (!error) return {};
  if (isCleanUp(step)) return { error };
  // What runs is right; pins that could not be removed are found and removed by the next pass.
  return { note: `clean-up is left to the next pass: ${error.message}` };
}

function undo(
  lock: WriterLock,
  attempt: Attempt,
  error: Error,
  outcome: 'failed' | 'undone',
  context: ApplyContext,
): Applied {
  return concludeUndo(lock, attempt, error, outcome, revert(lock, attempt, context), context);
}

/** Why the former state could not be brought back; `undefined` when it was. */
function revert(lock: WriterLock, { planned }: Attempt, context: ApplyContext): Error | undefined {
  return attemptStep(() => {
    if (planned.inverse) execute(lock, planned.inverse, context.kernel.pins, undefined);
    else if (!isCleanUp(planned.step)) throw new VerificationError('nothing of the former state is pinned');
  });
}

function concludeUndo(
  lock: WriterLock,
  attempt: Attempt,
  error: Error,
  outcome: 'failed' | 'undone',
  failed: Error | undefined,
  context: ApplyContext,
): Applied {
  const { step } = attempt.planned;
  const undoError =
    failed ??
    attemptStep(() => {
      finishUndo(lock, step, context.kernel.pins);
    });
  if (!undoError) {
    record(attempt, outcome, context, error.message);
    return { step, outcome, error };
  }
  record(attempt, 'failed', context, `${error.message}; undoing it failed: ${undoError.message}`);
  return { step, outcome: 'stuck', error: undoError };
}

/** It ends nothing of ours that runs, so there is nothing to go back to. */
function isCleanUp(step: EffectiveStep): boolean {
  if (step.kind === 'detach') return step.linkId === undefined;
  return step.kind === 'clean' || step.kind === 'forget';
}

function record(attempt: Attempt, phase: 'failed' | 'undone', context: ApplyContext, note: string): void {
  effect('outcome', () => context.records.journal.append(outcome(attempt, phase, context, note)));
}

function outcome(
  { planned, intent, attached }: Attempt,
  phase: 'done' | 'failed' | 'undone',
  { records: { generation } }: ApplyContext,
  note: string | undefined,
): JournalEntry {
  const step = withAttachment(planned.step, attached);
  return { generation, phase, step, of: intent, ...(note !== undefined && { note }) };
}

/** The record tells how it was attached. */
function withAttachment(step: EffectiveStep, attached: Attachment | undefined): EffectiveStep {
  const makesLink = step.kind === 'attach' || step.kind === 'reattach';
  return attached && makesLink ? { ...step, attached } : step;
}

function attemptStep(run: () => void): Error | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return asError(error);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** The kernel does not run what the step promised. */
class VerificationError extends XdpkeepError {
  readonly exitCode = EXIT.rolledBack;
}
