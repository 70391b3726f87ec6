// The hold: the desired states that passes do not apply again by themselves. A damaged file is an error, never "no hold": a pass would
// bring back what an operator removed.
import * as z from 'zod';
import { readIfThere } from '../disk/read.js';
import { ifReadable } from '../disk/if-readable.js';
import type { Hold } from '../model/reconciliation.js';
import type { WriterLock } from './lock.js';
import { holdFile } from './paths.js';
import { unseal, writeSealed } from './sealed.js';

export const holdSchema: z.ZodType<Hold> = z.looseObject({
  digests: z.array(z.string()),
  generation: z.int().nonnegative(),
  reason: z.string(),
  since: z.iso.datetime(),
  undone: z.exactOptional(z.int().positive()),
  lost: z.exactOptional(z.literal(true)),
});

/** `undefined` when nothing is on hold. Throws a JournalError when the file is damaged. */
export function readHold(dataDir: string): Hold | undefined {
  const path = holdFile(dataDir);
  const hint = 'Restore it from a backup, or remove it: then the next reconcile applies the state files.';
  const bytes = readIfThere(path);
  return bytes && unseal(bytes.toString(), 'Hold', holdSchema, { path, hint });
}

/** Like `readHold`, but `undefined` also when the file is damaged: for callers that replace or end the hold. */
export function holdIfReadable(dataDir: string): Hold | undefined {
  return ifReadable(() => readHold(dataDir));
}

/** Is there a hold, readable or not? */
export function isHeld(dataDir: string): boolean {
  return readIfThere(holdFile(dataDir)) !== undefined;
}

/** Writes the hold; replaces the current one. Throws a JournalError. */
export function writeHold(lock: WriterLock, hold: Hold): void {
  writeSealed(lock, holdFile(lock.dataDir), 'Hold', hold, 'write the hold');
}

/** Ends the hold; true when there was one, readable or not. Throws a JournalError. */
export function clearHold(lock: WriterLock): boolean {
  return writeSealed(lock, holdFile(lock.dataDir), 'Hold', undefined, 'clear the hold');
}
