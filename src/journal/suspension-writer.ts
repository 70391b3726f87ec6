// Adds and ends suspensions. The journal records each one before it takes effect.
import type { Suspension } from '../model/suspension.js';
import { bootClock, expiryAfter, isExpired, unexpired } from './expiry.js';
import { Journal } from './journal.js';
import type { WriterLock } from './lock.js';
import { suspensionFile } from './paths.js';
import { writeSealed } from './sealed.js';
import { readStored, type StoredSuspension, toSuspension } from './suspensions.js';

export interface NewSuspension extends Pick<Suspension, 'interface' | 'reason' | 'by'> {
  /** Milliseconds. */
  duration: number;
}

/** Adds a suspension; it replaces that of the same interface. Throws a JournalError. */
export function addSuspension(lock: WriterLock, journal: Journal, made: NewSuspension): Suspension {
  const { duration, ...rest } = made;
  const one: StoredSuspension = {
    ...rest,
    since: new Date().toISOString(),
    ...expiryAfter(duration),
  };
  const others = unexpired(readStored(lock.dataDir).made).filter(
    (other) => other.interface !== one.interface,
  );
  const reason = `${words(one)}, by ${one.by}, until ${one.until}`;
  journal.appendDone({ kind: 'suspend', reason });
  write(lock, [...others, one]);
  return toSuspension(one);
}

/**
 * Ends the suspension of the interface `only`, or all, those of a damaged file included. Returns what it ended. Throws a JournalError.
 */
export function endSuspensions(
  lock: WriterLock,
  journal: Journal,
  reason: string,
  only?: string,
): Suspension[] {
  const { made, damaged } = readStored(lock.dataDir);
  const active = unexpired(made);
  const ended = active.filter((one) => only === undefined || one.interface === only);
  const broken = damaged && only === undefined ? [damaged] : [];
  if (ended.length + broken.length === 0) return [];
  for (const one of [...broken, ...ended]) {
    journal.appendDone({ kind: 'resume', reason: `${reason}: ${words(one)}` });
  }
  write(
    lock,
    active.filter((one) => !ended.includes(one)),
  );
  return [...broken, ...ended.map(toSuspension)];
}

/** Removes expired suspensions and records that. Throws a JournalError. */
export function endExpired(lock: WriterLock): void {
  const { made } = readStored(lock.dataDir);
  const now = bootClock();
  const over = made.filter((one) => isExpired(one, now));
  if (over.length === 0) return;
  const journal = Journal.open(lock);
  for (const one of over) {
    journal.appendDone({ kind: 'resume', reason: `its time is over: ${words(one)}` });
  }
  write(
    lock,
    made.filter((one) => !over.includes(one)),
  );
}

function words({ interface: only, reason }: Suspension): string {
  return `${only ?? 'everything'} was suspended (${reason})`;
}

function write(lock: WriterLock, suspensions: StoredSuspension[]): void {
  const content = suspensions.length === 0 ? undefined : { suspensions };
  writeSealed(lock, suspensionFile(lock.dataDir), 'Suspensions', content, 'write the suspensions');
}
