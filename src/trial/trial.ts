// A change on trial, from before its first effect until it is decided or left to wait. The deadline is armed and the
// change announced before anything is done; what cannot be armed is refused.
import { randomUUID } from 'node:crypto';
import { resolve as toAbsolute } from 'node:path';
import type { Applied } from '../apply/apply.js';
import { awaitEffect, effect } from '../apply/failpoint.js';
import { highestGeneration, listGenerations } from '../journal/generation-list.js';
import { readGeneration } from '../journal/generations.js';
import type { Journal, Writer } from '../journal/journal.js';
import type { WriterLock } from '../journal/lock.js';
import { writePending } from '../journal/pending.js';
import { IN_PART, inversesOf, isUnconfirmed, trialOf } from '../journal/trials.js';
import { writeUndoRecord } from '../journal/undo-record.js';
import { bootId, monotonicNow } from '../kernel/boot.js';
import { type armDeadline, disarmDeadline } from '../kernel/deadline.js';
import type { Pins } from '../kernel/pins.js';
import { RefusedError } from '../model/errors.js';
import type { Deadline, Pending } from '../model/pending.js';
import type { ProbeReport, TrialReport } from '../model/reconciliation.js';
import type { Safeguards, TrialQuestion } from '../model/safeguards.js';
import type { EffectiveStep } from '../model/step.js';
import { askAfter, askBefore } from '../probe/probes.js';
import { measureBaseline, type Policies, watchCounters } from '../probe/counters.js';
import { revertTrial, markGivenUp, endAnnouncement, runInverses } from './revert.js';

/** Where a trial takes place: among our pins, on a machine that can be there at a deadline. */
export interface TrialPlace {
  pins: Pins;
  machine: { armDeadline: typeof armDeadline };
}

export interface TrialGoal {
  question: TrialQuestion;
  /** `DesiredState.written` of what is wanted. */
  written: string;
  before: {
    /** The generation, where it is there already and was never confirmed. */
    generation?: number;
    /** Programs of ours run of which no record says where they come from. */
    unknown: boolean;
  };
  change: {
    /** How each step is undone, the last one first. */
    inverses: EffectiveStep[];
    /** What the interfaces run before and will run after. */
    policies: { before: Policies; after: Policies };
    /** Some of the change waits for the end of a suspension. */
    inPart: boolean;
  };
}

export class Trial {
  readonly report: TrialReport;
  #failedAt = 0;

  private constructor(
    private readonly writer: Writer,
    private readonly place: TrialPlace,
    private readonly goal: TrialGoal,
    private pending: Pending,
    private readonly before: { probes: ProbeReport[]; rates: ReadonlyMap<string, number> },
  ) {
    this.report = { probes: before.probes };
  }

  /** Throws an UnreachableError when the deadline cannot be armed, a RefusedError when it is too short, a JournalError when the change cannot be announced. */
  static async begin(writer: Writer, place: TrialPlace, goal: TrialGoal): Promise<Trial> {
    const { lock, journal } = writer;
    const { pins } = place;
    const { safeguards, readFrom } = goal.question;
    const { inverses, policies } = goal.change;
    requireTimeToConfirm(safeguards);
    const previous = lastConfirmed(lock.dataDir, journal);
    const [probes, rates] = await Promise.all([
      askBefore(safeguards.probes),
      safeguards.guard ? measureBaseline(pins, policies.before, safeguards.guard) : new Map<string, number>(),
    ]);
    const id = randomUUID().slice(0, 8);
    const { confirm } = safeguards;
    const deadline =
      confirm === undefined ? undefined : await awaitEffect('arm', () => arm(id, confirm, lock, place));
    const pending: Pending = {
      id,
      generation: goal.before.generation ?? highestGeneration(lock.dataDir, journal.records) + 1,
      previous,
      written: goal.written,
      phase: 'trying',
      boot: bootId(),
      since: new Date().toISOString(),
      ...(deadline && { deadline }),
      ...(previous === 0 && goal.before.unknown && { unknown: true }),
      ...(readFrom && { place: readFrom }),
    };
    // In the data directory, and beside the programs: whichever is left knows that the change is not decided.
    effect('announce', () => {
      writePending(lock, pending);
      writeUndoRecord(lock, pins, { pending, inverses });
    });
    return new Trial(writer, place, goal, pending, { probes, rates });
  }

  /** Does the change wait for a confirmation when all else is well? Then nothing that it left may be cleaned away. */
  get keeps(): boolean {
    return this.pending.deadline !== undefined;
  }

  /** Called when the generation is written, before the first step. */
  announce(generation: number): void {
    if (generation !== this.pending.generation) {
      throw new Error(`generation ${generation} was announced as ${this.pending.generation}`);
    }
    const { confirm } = this.goal.question.safeguards;
    const reason = confirm === undefined ? 'on trial' : `to be confirmed within ${confirm / 1000} s`;
    this.writer.journal.append({ generation, phase: 'intent', step: { kind: 'trial', reason } });
  }

  /** Once everything is in effect: why it cannot stay, as soon as that is known. */
  async findFailure(): Promise<string | undefined> {
    const { goal } = this;
    const { pins } = this.place;
    const { probes, guard } = goal.question.safeguards;
    const { policies } = goal.change;
    const enough = new AbortController();
    const asked = [
      askAfter(probes, this.report.probes, enough.signal),
      ...(guard ? [watchCounters(pins, policies.after, guard, this.before.rates, enough.signal)] : []),
    ];
    const failure = await firstOf(asked);
    this.#failedAt = performance.now();
    enough.abort();
    if (failure !== undefined) this.report.failure = failure;
    return failure;
  }

  /** The former programs decide again. */
  reverted(): void {
    this.report.rolledBackIn = Math.round((performance.now() - this.#failedAt) * 10) / 10;
  }

  /** Decides by what became of the steps. */
  async end(applied: readonly Applied[]): Promise<void> {
    const { pending, goal } = this;
    const { pins } = this.place;
    const { lock, journal } = this.writer;
    const { failure } = this.report;
    const whole = !goal.change.inPart && applied.every(({ outcome }) => outcome === 'done');
    if (failure !== undefined) {
      revertTrial(lock, pins, journal, { pending, lost: false }, failure);
    } else if (!applied.some(({ outcome }) => outcome === 'done')) {
      this.#conclude('undone', 'nothing of it took effect');
      endAnnouncement(lock, pins);
    } else if (pending.deadline) {
      const waiting: Pending = { ...pending, phase: 'waiting', ...(!whole && { inPart: true }) };
      this.pending = waiting;
      // What makes it one that can be confirmed comes last: should either fail, it is given up.
      effect('decide', () => {
        writeUndoRecord(lock, pins, { pending: waiting, inverses: goal.change.inverses });
        writePending(lock, waiting);
      });
      return;
    } else {
      // A step that is still to be done is tried again by the next pass: on trial again.
      if (whole) this.#conclude('confirmed', 'it holds');
      else this.#conclude('failed', IN_PART);
      endAnnouncement(lock, pins);
    }
    if (pending.deadline) await disarmDeadline(pending.deadline.armed);
  }

  /** Nobody could write down what became of the steps, or a bug got in the way: the old programs come back at once. */
  giveUp(): void {
    const { lock, journal } = this.writer;
    runInverses(lock, this.place.pins, inversesOf(journal.records, this.pending.generation, bootId()));
    markGivenUp(lock, this.place.pins, 'the run that made it failed before it was decided');
  }

  #conclude(phase: 'confirmed' | 'undone' | 'failed', reason: string): void {
    const { generation } = this.pending;
    const { journal } = this.writer;
    const of = trialOf(journal.records, generation)?.seq;
    const step = { kind: 'trial', reason } as const;
    effect('decide', () => {
      journal.append({ generation, phase, step, ...(of !== undefined && { of }) });
    });
  }
}

/** Throws a RefusedError when the deadline would come while the counters are still watched. */
function requireTimeToConfirm({ confirm, guard }: Safeguards): void {
  if (confirm === undefined || !guard || confirm > guard.window) return;
  throw new RefusedError('the time to confirm in is over before the window of the guard', {
    hint: 'Nothing was changed. Confirm within a longer time, or shorten `guard.window`.',
  });
}

/** The content to go back to: 0 when nothing was ever confirmed. Throws a JournalError when it cannot be read. */
function lastConfirmed(dataDir: string, { records }: Journal): number {
  const number = listGenerations(dataDir).findLast((one) => !isUnconfirmed(records, one));
  return number === undefined ? 0 : readGeneration(dataDir, number).of;
}

async function arm(
  id: string,
  ms: number,
  lock: WriterLock,
  { pins, machine }: TrialPlace,
): Promise<Deadline> {
  const monotonic = monotonicNow() + ms;
  const place = { bpffs: toAbsolute(pins.bpffs), dataDir: lock.dataDir };
  const armed = await machine.armDeadline({ id, at: monotonic, after: ms, ...place });
  return { monotonic, wall: new Date(Date.now() + ms).toISOString(), armed };
}

/** The first that says something; `undefined` when none does. */
async function firstOf(asked: Promise<string | undefined>[]): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const heard = asked.map(async (one) => {
      const said = await one;
      if (said !== undefined) resolve(said);
    });
    Promise.all(heard).then(() => {
      resolve(undefined);
    }, reject);
  });
}
