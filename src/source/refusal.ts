// Records why the newest commit of the source is not applied, so that `status` can say it. No decision depends on the note.
import { join } from 'node:path';
import * as z from 'zod';
import { readIfThere } from '../disk/read.js';
import type { WriterLock } from '../journal/lock.js';
import { unseal, writeSealed } from '../journal/sealed.js';
import { ifReadable } from '../disk/if-readable.js';
import { UntaggedError, type XdpkeepError } from '../model/errors.js';
import type { Refusal } from '../model/revision.js';
import { sourceFolder } from './adoption.js';

const schema: z.ZodType<Refusal> = z.looseObject({
  reason: z.string(),
  since: z.iso.datetime(),
  waits: z.exactOptional(z.boolean()),
});

const refusalFile = (dataDir: string): string => join(sourceFolder(dataDir), 'refused.json');

/** `undefined` where the newest commit that is known is applied. Throws a JournalError when the note is damaged. */
export function readRefusal(dataDir: string): Refusal | undefined {
  const path = refusalFile(dataDir);
  const hint = 'Remove it: the next pass writes it again, if there is a reason.';
  const bytes = readIfThere(path);
  return bytes && unseal(bytes.toString(), 'Refusal', schema, { path, hint });
}

/** Without a problem there is none any more. A note that cannot be written keeps no pass from being made. */
export function noteRefusal(lock: WriterLock, problem: XdpkeepError | undefined): void {
  const { dataDir } = lock;
  const reason = problem?.message;
  if (reason === ifReadable(() => readRefusal(dataDir))?.reason) return;
  const waits = problem instanceof UntaggedError && { waits: true };
  const refusal = reason === undefined ? undefined : { reason, since: new Date().toISOString(), ...waits };
  ifReadable(() =>
    writeSealed(lock, refusalFile(dataDir), 'Refusal', refusal, 'note why a commit is refused'),
  );
}
