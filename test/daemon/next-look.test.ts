// When the daemon looks again by itself.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { NextLook } from '../../src/daemon/next-look.js';
import { EnvironmentError, LockedError, PruneGuardError } from '../../src/model/errors.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const step = { interface: 'veth0', action: 'attach', reason: 'r', gap: false } as const;
const passed = (outcome: 'done' | 'failed' | 'refused', error?: string): Reconciliation =>
  ({ steps: [{ ...step, outcome, ...(error !== undefined && { error }) }] }) as unknown as Reconciliation;

/** Why it looks, and how many seconds after each pass; a minute passes between two. */
function looks(outcomes: (Reconciliation | Error)[]): string[] {
  const looked: string[] = [];
  const next = new NextLook((cause) => looked.push(`${cause} after ${(Date.now() - since) / 1000}`));
  let since = Date.now();
  for (const outcome of outcomes) {
    next.after(outcome);
    vi.advanceTimersByTime(60_000);
    since = Date.now();
  }
  next.close();
  return looked;
}

it('a minute after a pass that went well, or whose answer would be the same', () => {
  const answers = [passed('done'), passed('refused', 'a test fails'), new PruneGuardError('no')];
  expect(looks(answers)).toEqual(answers.map(() => 'timer after 60'));
});

it('sooner after one that failed, and later each time, until one goes well', () => {
  const failures = [
    new LockedError('busy'),
    new EnvironmentError('restless'),
    new TypeError('a bug'),
    ...[1, 2, 3, 4].map(() => passed('failed', 'ENOMEM')),
  ];
  expect(looks([...failures, passed('done'), failures[0] as Error])).toEqual([
    ...[1, 2, 4, 8, 16, 32].flatMap((seconds) => [`retry after ${seconds}`, 'timer after 60']),
    'timer after 60',
    'timer after 60',
    'retry after 1',
    'timer after 60',
  ]);
});

it('never once it is closed', () => {
  const looked: string[] = [];
  const next = new NextLook((cause) => looked.push(cause));
  next.after(passed('done'));
  next.close();
  next.after(passed('done'));
  vi.advanceTimersByTime(600_000);
  expect(looked).toEqual([]);
});

it('every minute though passes never rest', () => {
  const looked: string[] = [];
  const next = new NextLook((cause) => looked.push(cause));
  for (let seconds = 0; seconds < 180; seconds += 10) {
    next.after(passed('done'));
    vi.advanceTimersByTime(10_000);
  }
  next.close();
  expect(looked).toEqual(['timer', 'timer', 'timer']);
});
