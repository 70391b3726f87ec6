// The last word on a change that waits for its confirmation: an operator's `confirm` or `cancel`, or the deadline's.
import { setTimeout as sleep } from 'node:timers/promises';
import { effect } from '../apply/failpoint.js';
import { endHold } from '../journal/end-hold.js';
import { isHeld } from '../journal/hold.js';
import { Journal } from '../journal/journal.js';
import { readJournal } from '../journal/read.js';
import { IN_PART, lastTrialOutcome, trialOf } from '../journal/trials.js';
import { readTrial } from '../journal/undo-record.js';
import { monotonicNow } from '../kernel/boot.js';
import { disarmDeadline } from '../kernel/deadline.js';
import { pinPathsOf } from '../kernel/pin-paths.js';
import { pinsOf } from '../kernel/pins.js';
import { EXIT, LockedError, XdpkeepError } from '../model/errors.js';
import type { Reconciliation } from '../model/reconciliation.js';
import type { HostPaths } from '../model/host-paths.js';
import { inputsAfterDecision } from '../pass/inputs-from-generation.js';
import { withHost, withLockedHost } from '../pass/open-host.js';
import type { EffectiveStep } from '../model/step.js';
import { converge } from '../pass/reconcile.js';
import { endAnnouncement, undoByPins, undoTrial } from '../trial/revert.js';
import { writtenNow } from '../pass/written-now.js';

/** What `confirm` and `cancel` find: a change that they decide, or how the last one was decided before. */
export interface Verdict {
  result?: Reconciliation;
  /** The generation that stays, whole unless something of it could not be done yet; absent when nothing was confirmed. */
  confirmed?: { generation: number; inPart: boolean };
  /** Why the last change on trial was undone before anybody asked; absent when it was not, or there was none. */
  undoneBefore?: string;
  /** Beside those of the result. */
  warnings: string[];
}

/** Lets the change stay, and cleans away what it left. Exit 10 when it is too late. */
export async function confirm(paths: HostPaths): Promise<Verdict> {
  return withHost(paths, async (host): Promise<Verdict> => {
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
export async function cancel(paths: HostPaths, reason: string, id?: string): Promise<Verdict> {
  return withLockedHost(paths, async (host): Promise<Verdict> => {
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

export interface DeadlineOptions extends HostPaths {
  id: string;
  /** CLOCK_MONOTONIC, ms. */
  at: number;
  /** Called when no signal of the session can end this process any more. */
  ready: () => void;
}

/** How often the announcement is looked at, and the lock asked for. Milliseconds. */
const PACE = 250;

/** An announcement that nobody saw by then came and went, or never will. Milliseconds. */
const LATEST = 60_000;

/** Waits, and undoes the change at its deadline, unless it was decided before. SIGTERM makes it the deadline now. */
export async function cancelAtDeadline({ id, at, ready, ...paths }: DeadlineOptions): Promise<Verdict> {
  let [seen, asked] = [false, false];
  const began = monotonicNow();
  const maker = process.ppid;
  const wake = new AbortController();
  for (const signal of ['SIGHUP', 'SIGINT'] as const) process.on(signal, () => undefined);
  process.on('SIGTERM', () => {
    asked = true;
    wake.abort();
  });
  ready();
  for (;;) {
    const ended = process.ppid !== maker; // asked first: it announces before it ends
    const there = isAnnounced(paths, id);
    if (!there && (seen || ended || monotonicNow() - began > LATEST)) return { warnings: [] };
    seen = there;
    const left = asked ? 0 : at - monotonicNow();
    if (left <= 0) break;
    await sleep(Math.min(PACE, left), undefined, { signal: wake.signal }).catch(() => undefined);
  }
  const reason = asked ? 'its watchdog was told to end' : 'it was not confirmed in time';
  for (;;) {
    try {
      return await cancelAnyhow(paths, reason, id);
    } catch (error) {
      if (!(error instanceof LockedError)) throw error;
      await sleep(PACE); // whoever is at work ends some time, and the announcement outlasts it
    }
  }
}

/** The data directory may be damaged, full, read-only or gone by then. */
async function cancelAnyhow(paths: HostPaths, reason: string, id: string): Promise<Verdict> {
  try {
    return await cancel(paths, reason, id);
  } catch (error) {
    if (!(error instanceof LockedError)) await undoByPins(pinsOf(paths.bpffs), id, reason);
    throw error;
  }
}

/** One that cannot be read may be this one. */
function isAnnounced({ dataDir, bpffs }: HostPaths, id: string): boolean {
  try {
    return readTrial(dataDir, pinPathsOf(bpffs))?.pending.id === id;
  } catch (error) {
    if (error instanceof XdpkeepError) return true;
    throw error;
  }
}

function decidedBefore(dataDir: string): Verdict {
  const last = lastTrialOutcome(readJournal(dataDir).records);
  return { warnings: [], ...(last?.phase === 'undone' && { undoneBefore: last.step.reason }) };
}
