// The undo record of a change on trial, kept on the bpffs beside its programs. It survives a data directory that is
// damaged, full, read-only or gone, and disappears together with the pins that it is about: by `rm -r` and at a reboot. A
// bpffs stores no text but the targets of symbolic links, so the record is cut into such targets.
import { join } from 'node:path';
import * as z from 'zod';
import {
  listEntries,
  makeDirectory,
  readSymlink,
  remove,
  removeIfEmpty,
  rename,
  writeSymlink,
} from '../kernel/bpffs.js';
import type { PinPaths } from '../kernel/pin-paths.js';
import { XdpkeepError } from '../model/errors.js';
import { ifReadable } from '../disk/if-readable.js';
import type { Pending } from '../model/pending.js';
import type { EffectiveStep } from '../model/step.js';
import type { WriterLock } from './lock.js';
import { pendingSchema, readPending } from './pending.js';
import { effectiveStep } from './record-schema.js';
import { seal, unseal } from './sealed.js';

export interface UndoRecord {
  pending: Pending;
  /** In the order in which they are to be run. Each looks first whether there is something to undo. */
  inverses: EffectiveStep[];
}

/** Characters; the target of a symbolic link may have 4095 bytes (PATH_MAX). */
const PIECE = 4000;

/** What it is called on the bpffs since the first release that wrote one: a watchdog of another release reads it too. */
const KIND = 'WayBack';

const schema = z.looseObject({ pending: pendingSchema, inverses: z.array(effectiveStep) });

/** Replaces what is there. Throws a KernelError. */
export function writeUndoRecord(
  lock: WriterLock,
  { trial }: PinPaths,
  { pending, inverses }: UndoRecord,
): void {
  lock.assertHeld();
  const unfinished = `${trial}-new`;
  remove(unfinished);
  makeDirectory(unfinished);
  const text = Buffer.from(seal(KIND, { pending, inverses })).toString('base64');
  for (let at = 0; at < text.length; at += PIECE) {
    writeSymlink(join(unfinished, String(at / PIECE)), text.slice(at, at + PIECE));
  }
  remove(trial);
  rename(unfinished, trial);
}

/** `undefined` when nothing is on trial, or when it was tampered with. */
export function readUndoRecord({ trial }: PinPaths): UndoRecord | undefined {
  const names = listEntries(trial).map(({ name }) => Number(name));
  if (names.length === 0) return undefined;
  const pieces = names.sort((a, b) => a - b).map((name) => readSymlink(join(trial, String(name))) ?? '');
  const text = Buffer.from(pieces.join(''), 'base64').toString();
  const found = ifReadable(() => unseal(text, KIND, schema, { path: trial, hint: '' }));
  return found && (found as UndoRecord); // the steps are vouched for by the seal
}

/** Fine when there is none. Comes before the end of the announcement, so that no way back outlives a decision. */
export function removeUndoRecord(lock: WriterLock, { trial, root }: PinPaths): void {
  lock.assertHeld();
  remove(trial);
  remove(`${trial}-new`);
  removeIfEmpty(root);
}

/** A change on trial, by what there is of it. */
export interface Announced extends UndoRecord {
  /** The data directory knows nothing of it: it was removed, or another one was put in its place. */
  lost: boolean;
}

/** `undefined` when nothing is on trial. Throws a JournalError when its announcement is damaged, and so is its way back. */
export function readTrial(dataDir: string, pinPaths: PinPaths): Announced | undefined {
  const kept = readUndoRecord(pinPaths);
  const pending = kept ? pendingOrNothing(dataDir) : readPending(dataDir);
  if (!pending) return kept && { ...kept, lost: true };
  if (kept?.pending.id !== pending.id) return { pending, inverses: [], lost: false };
  const { ending } = kept.pending;
  return {
    pending: { ...pending, ...(ending !== undefined && { ending }) },
    inverses: kept.inverses,
    lost: false,
  };
}

function pendingOrNothing(dataDir: string): Pending | undefined {
  try {
    return readPending(dataDir);
  } catch (error) {
    if (error instanceof XdpkeepError) return undefined; // damaged, or on a disk that cannot be read
    throw error;
  }
}
