// pending.json: the announcement of a change on trial. A damaged file is an error, never "no trial": an unconfirmed change would stay.
import * as z from 'zod';
import { readIfThere } from '../disk/read.js';
import type { Pending } from '../model/pending.js';
import type { WriterLock } from './lock.js';
import { pendingFile } from './paths.js';
import { unseal, writeSealed } from './sealed.js';

const armed = z.discriminatedUnion('by', [
  z.looseObject({ by: z.literal('systemd'), unit: z.string() }),
  z.looseObject({ by: z.literal('watchdog'), pid: z.int().positive() }),
]);

export const pendingSchema: z.ZodType<Pending> = z.looseObject({
  id: z.string(),
  generation: z.int().positive(),
  previous: z.int().nonnegative(),
  written: z.string(),
  phase: z.enum(['trying', 'waiting']),
  boot: z.string(),
  since: z.iso.datetime(),
  deadline: z.exactOptional(z.looseObject({ monotonic: z.number(), wall: z.iso.datetime(), armed })),
  inPart: z.exactOptional(z.literal(true)),
  unknown: z.exactOptional(z.literal(true)),
  place: z.exactOptional(z.looseObject({ stateDir: z.string(), host: z.string() })),
  ending: z.exactOptional(z.string()),
});

/** `undefined` when nothing is on trial. Throws a JournalError when the file is damaged. */
export function readPending(dataDir: string): Pending | undefined {
  const path = pendingFile(dataDir);
  const hint = 'Remove it to keep what runs, or detach everything with `xdpkeep detach --all`.';
  const bytes = readIfThere(path);
  return bytes && unseal(bytes.toString(), 'Pending', pendingSchema, { path, hint });
}

/** Writes the announcement; replaces the current one. Throws a JournalError. */
export function writePending(lock: WriterLock, pending: Pending): void {
  writeSealed(lock, pendingFile(lock.dataDir), 'Pending', pending, 'announce a change on trial');
}

/** Removes the announcement, readable or not; does nothing when there is none. Throws a JournalError. */
export function clearPending(lock: WriterLock): void {
  writeSealed(lock, pendingFile(lock.dataDir), 'Pending', undefined, 'end the trial of a change');
}
