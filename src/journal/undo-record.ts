// The undo record of a change on trial, on the bpffs beside its programs. It survives a data directory that is damaged, full, read-only
// or gone, and it vanishes together with the pins to which it refers, by `rm -r` or at a reboot. The only text that a bpffs can store
// is the target of a symbolic link, so the record is split into such targets.
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
  /** In the order in which to run them. Each is idempotent (apply/effects.ts). */
  inverses: EffectiveStep[];
}

/** Characters; the target of a symbolic link may have 4095 bytes (PATH_MAX). */
const PIECE = 4000;

/** Its kind on the bpffs. The name is that of the first release: a watchdog of another release may read the record. */
const KIND = 'WayBack';

const schema = z.looseObject({ pending: pendingSchema, inverses: z.array(effectiveStep) });

/** Writes the undo record; replaces the current one. Throws a KernelError. */
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

/** `undefined` when nothing is on trial, or when the record was changed. */
export function readUndoRecord({ trial }: PinPaths): UndoRecord | undefined {
  const names = listEntries(trial).map(({ name }) => Number(name));
  if (names.length === 0) return undefined;
  const pieces = names.sort((a, b) => a - b).map((name) => readSymlink(join(trial, String(name))) ?? '');
  const text = Buffer.from(pieces.join(''), 'base64').toString();
  const found = ifReadable(() => unseal(text, KIND, schema, { path: trial, hint: '' }));
  return found && (found as UndoRecord); // the seal protects the steps
}

/** Removes the undo record. It goes before the announcement, so that no undo record is left after a decision. */
export function removeUndoRecord(lock: WriterLock, { trial, root }: PinPaths): void {
  lock.assertHeld();
  remove(trial);
  remove(`${trial}-new`);
  removeIfEmpty(root);
}

/** A change on trial, from its announcement and its undo record. */
export interface Announced extends UndoRecord {
  /** The data directory has no announcement of it: the directory was removed or replaced. */
  lost: boolean;
}

/** `undefined` when nothing is on trial. Throws a JournalError when the announcement is damaged and there is no undo record. */
export function readTrial(dataDir: string, pinPaths: PinPaths): Announced | undefined {
  const undoRecord = readUndoRecord(pinPaths);
  const pending = undoRecord ? pendingOrNothing(dataDir) : readPending(dataDir);
  if (!pending) return undoRecord && { ...undoRecord, lost: true };
  if (undoRecord?.pending.id !== pending.id) return { pending, inverses: [], lost: false };
  const { ending } = undoRecord.pending;
  return {
    pending: { ...pending, ...(ending !== undefined && { ending }) },
    inverses: undoRecord.inverses,
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
