// The hold: which desired states are not applied again by themselves. An unreadable hold still holds: taking it for absent
// would bring back what an operator removed.
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

/** Like `readHold`; `undefined` also when the file is damaged: for those who put another in its place, or end it. */
export function holdIfReadable(dataDir: string): Hold | undefined {
  return ifReadable(() => readHold(dataDir));
}

/** Is there a hold, readable or not? */
export function isHeld(dataDir: string): boolean {
  return readIfThere(holdFile(dataDir)) !== undefined;
}

/** Replaces the hold that there is. Throws a JournalError. */
export function writeHold(lock: WriterLock, hold: Hold): void {
  writeSealed(lock, holdFile(lock.dataDir), 'Hold', hold, 'write the hold');
}

/** True when there was one, readable or not. Throws a JournalError. */
export function clearHold(lock: WriterLock): boolean {
  return writeSealed(lock, holdFile(lock.dataDir), 'Hold', undefined, 'clear the hold');
}
