// Undoes a change on trial at its deadline. It runs from the moment that the change is announced, as a process of its own, or is
// started by a timer of systemd when the time is over. It does not give up: while somebody else has the lock it tries again, and
// where the data directory cannot be used it goes back by the pins alone.
import { setTimeout as sleep } from 'node:timers/promises';
import { readTrial } from '../journal/undo-record.js';
import { monotonicNow } from '../kernel/boot.js';
import { pinPathsOf } from '../kernel/pin-paths.js';
import { pinsOf } from '../kernel/pins.js';
import { LockedError, XdpkeepError } from '../model/errors.js';
import type { HostPaths } from '../model/host-paths.js';
import { undoByPins } from '../trial/revert.js';
import { cancel, type TrialDecision } from './confirm.js';

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
export async function cancelAtDeadline({ id, at, ready, ...paths }: DeadlineOptions): Promise<TrialDecision> {
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
async function cancelAnyhow(paths: HostPaths, reason: string, id: string): Promise<TrialDecision> {
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
