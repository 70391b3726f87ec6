// The executor. Each step goes through intent, effect, a new observation and outcome. A step that fails, or after which the kernel does
// not run what was promised, is undone at once; the other steps go on. It needs the writer lock: only its holder may change the
// kernel.
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
  /** The steps restore what was applied before: no inverses are recorded. */
  restores?: boolean;
}

/** Hooks of a change on trial. */
export interface OnTrial {
  /** Called when every step was verified. Resolves with the reason why all of them must be undone; `undefined` when they may stay. */
  findFailure?: () => Promise<string | undefined>;
  /** Called when the inverses have run, before their outcomes are recorded. */
  reverted?: () => void;
  /** Former instances stay pinned, so that the steps can be undone later. */
  keep?: boolean;
}

export interface Applied {
  step: EffectiveStep;
  /** `failed`: never took effect. `undone`: took effect and was undone. `stuck`: could not be undone. */
  outcome: 'done' | 'failed' | 'undone' | 'stuck';
  error?: Error;
  /** How the interface is attached; present when the step made a link. */
  attached?: Attachment;
}

interface Attempt {
  planned: PlannedStep & { step: EffectiveStep };
  /** `seq` of the intent. */
  intent: number;
  attached?: Attachment;
}

/**
 * Applies every step that has an effect and was proven. The lock proves that this process is the only writer. Throws a JournalError
 * when the journal cannot be written; every other error becomes an outcome.
 */
export async function apply(lock: WriterLock, plan: Plan, context: ApplyContext): Promise<Applied[]> {
  const results: Applied[] = [];
  const attempts: Attempt[] = [];
  const waiting = new Set<string>();
  for (const together of batches(plan.steps.filter(isEffective))) {
    const planned = together.filter(({ step }) => {
      return !context.proven.failed.has(step.interface) && !waiting.has(step.interface);
    });
    for (const attempt of recordIntents(planned, context)) {
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
  const observed = await observeAgain(context);
  if (observed instanceof Error) {
    // A change that cannot be verified does not stay in effect.
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

/**
 * Groups of steps whose intents are one write. Each rename is a group: later steps use the new names. What records comes before
 * rules that ask about what it records.
 */
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

/**
 * Runs the inverses, last step first, since a step after a rename uses the new name. The former programs run again on every interface
 * before anything is cleaned up or recorded.
 */
function undoAll(lock: WriterLock, attempts: Attempt[], error: Error, context: ApplyContext): Applied[] {
  const reverted = attempts.reverse().map((attempt) => [attempt, revert(lock, attempt, context)] as const);
  context.trial?.reverted?.();
  return reverted.map(([attempt, failed]) => concludeUndo(lock, attempt, error, 'undone', failed, context));
}

function wrongStep({ planned }: Attempt, wrong: string): VerificationError {
  return new VerificationError(`${planned.step.interface}: ${wrong}`);
}

async function observeAgain({ kernel: { observe } }: ApplyContext): Promise<ObservedState | Error> {
  try {
    return await awaitEffect('verify', observe);
  } catch (error) {
    return asError(error);
  }
}

function isEffective(planned: PlannedStep): planned is PlannedStep & { step: EffectiveStep } {
  return planned.step.kind !== 'none';
}

/** Writes the intents of all these steps to the disk before the first of them begins. */
function recordIntents(
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

/** Cleans up after each step, then records all outcomes in one write. */
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

/** Returns an `error` when cleaning up was the whole step; a `note` when only the clean-up after a step failed or was deferred. */
function cleanUp(
  lock: WriterLock,
  step: EffectiveStep,
  context: ApplyContext,
): { error?: Error; note?: string } {
  if (context.trial?.keep === true)
    return { note: 'the former instance is kept until the change is confirmed' };
  const error = attemptStep(() => {
    finish(lock, step, context.kernel.pins);
  });
  if (!error) return {};
  if (isCleanUp(step)) return { error };
  // The right program runs. The next pass finds and removes the pins that could not be removed.
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

/** Runs the inverse. Returns the error when that failed. */
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

/** Does the step only remove pins? It detaches no program of ours, so it has no inverse. */
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

/** Adds to the recorded step how the interface was attached. */
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
