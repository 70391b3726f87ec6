// Checks the places where our files lie: whether they exist, can be written, have room, and what waits in them.
import { accessSync, constants, existsSync, statSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { accessFailed, errnoCode } from '../disk/failure.js';
import { requireOwnTree } from '../disk/ownership.js';
import { readHold } from '../journal/hold.js';
import { openIntents } from '../journal/intents.js';
import { lockFile } from '../journal/paths.js';
import { readJournal } from '../journal/read.js';
import { readSuspensions } from '../journal/suspensions.js';
import { readTrial } from '../journal/undo-record.js';
import { monotonicNow } from '../kernel/boot.js';
import { DEFAULT_BPFFS, isBpffs } from '../kernel/bpffs.js';
import { findHolder } from '../kernel/flock.js';
import { pinPathsOf } from '../kernel/pin-paths.js';
import type { Check } from '../model/doctor.js';
import { PermissionError } from '../model/errors.js';
import type { LookOptions } from '../model/pass-options.js';
import { pendingWords, reportPending } from '../model/pending.js';
import { revisionWords } from '../model/revision.js';
import { suspensionWords } from '../model/suspension.js';
import { revisionOf } from '../source/adoption.js';
import { type Answer, check, failure, ok, unknown, warning } from './check.js';

export function checkPlaces({ bpffs, dataDir, from }: LookOptions): Promise<Check[]> {
  return Promise.all([
    check('bpffs', () => bpffsAnswer(bpffs)),
    check('data directory', () => folderAnswer(dataDir)),
    check('disk space', () => spaceAnswer(dataDir)),
    check('lock', () => lockAnswer(dataDir)),
    check('journal', () => journalAnswer(dataDir)),
    check('hold', () => holdAnswer(dataDir)),
    check('suspension', () => suspensionAnswer(dataDir)),
    check('trial', () => trialAnswer(dataDir, bpffs)),
    check('source', () => sourceAnswer(from.stateDir, dataDir)),
  ]);
}

function bpffsAnswer(bpffs: string): Answer {
  if (!isBpffs(bpffs)) {
    const help = `mkdir -p ${bpffs} && mount -t bpf bpf ${bpffs}`;
    return bpffs === DEFAULT_BPFFS
      ? warning(`none is mounted at ${bpffs}`, `The first reconcile mounts it; by hand: ${help}`)
      : failure(`${bpffs} is not a bpffs`, `Mount one: ${help}`);
  }
  return writable(bpffs) ?? ok(bpffs);
}

function folderAnswer(dataDir: string): Answer {
  if (!existsSync(dataDir)) {
    const parent = nearest(dataDir);
    return writable(parent) ?? ok(`${dataDir} is made by the first reconcile`);
  }
  if (!statSync(dataDir).isDirectory())
    return failure(`${dataDir} is no directory`, 'Name another with --data-dir.');
  const mode = statSync(dataDir).mode & 0o777;
  if ((mode & 0o022) !== 0) return failure(`others may write to ${dataDir}`, `chmod 0700 ${dataDir}`);
  const foreign = foreignOf(dataDir);
  if (foreign) return failure(foreign.message, foreign.hint ?? '');
  return writable(dataDir) ?? ok(dataDir);
}

/** What of it, or on the way to it, is not root's alone. */
function foreignOf(dataDir: string): PermissionError | undefined {
  try {
    requireOwnTree(dataDir);
    return undefined;
  } catch (error) {
    if (error instanceof PermissionError) return error;
    throw error;
  }
}

/** Why a directory cannot be written to; `undefined` when it can. */
function writable(folder: string): Answer | undefined {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    if (errnoCode(error) === 'EROFS')
      return failure(`${folder} is on a read-only file system`, 'Mount it read-write.');
    return unknown(`this user may not write to ${folder}`);
  }
}

const MIB = 1 << 20;
const ROOM = { failure: MIB, warning: 64 * MIB };

function spaceAnswer(dataDir: string): Answer {
  const { bavail, bsize, ffree, files } = attempt(`look at ${dataDir}`, () => statfsSync(nearest(dataDir)));
  const free = bavail * bsize;
  const found = `${Math.floor(free / MIB)} MiB free`;
  const help =
    'Free space there, or name another directory with --data-dir: what cannot be recorded is not done.';
  if (free < ROOM.failure || (files > 0 && ffree === 0))
    return failure(files > 0 && ffree === 0 ? 'no inode is free' : found, help);
  return free < ROOM.warning ? warning(found, help) : ok(found);
}

function nearest(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearest(dirname(path));
}

function lockAnswer(dataDir: string): Answer {
  const path = lockFile(dataDir);
  if (!attempt(`look at ${path}`, () => statSync(path, { throwIfNoEntry: false }))) return ok('free');
  const holder = findHolder(path);
  return ok(holder === undefined ? 'free' : `process ${holder} is at work`);
}

function journalAnswer(dataDir: string): Answer {
  const { records, damage, torn } = readJournal(dataDir);
  if (damage)
    return failure(
      `line ${damage.line} cannot be trusted: ${damage.reason}`,
      'Run `xdpkeep journal repair`.',
    );
  const open = openIntents(records).length;
  const found = `${records.length} records, chain unbroken`;
  if (open > 0)
    return warning(
      `${found}; ${open} changes were begun and not concluded`,
      'The next reconcile records their outcomes.',
    );
  return torn
    ? warning(`${found}; its last line is not finished`, 'The next reconcile cuts it off.')
    : ok(found);
}

function holdAnswer(dataDir: string): Answer {
  const hold = readHold(dataDir);
  if (!hold) return ok('none');
  return warning(
    `generation ${hold.generation} is kept since ${hold.since} (${hold.reason})`,
    '`xdpkeep resume`, or a change of the state files, ends it.',
  );
}

function suspensionAnswer(dataDir: string): Answer {
  const suspensions = readSuspensions(dataDir);
  if (suspensions.length === 0) return ok('none');
  const found = suspensions.map(suspensionWords).join('; ');
  return warning(found, '`xdpkeep resume` ends those of the command; a file has to be removed.');
}

function trialAnswer(dataDir: string, bpffs: string): Answer {
  const pending = readTrial(dataDir, pinPathsOf(bpffs))?.pending;
  if (!pending) return ok('no change waits for its confirmation');
  const report = pending.phase === 'waiting' ? reportPending(pending, monotonicNow()) : undefined;
  if (report) return warning(pendingWords(report), 'Run `xdpkeep confirm`, or `xdpkeep cancel`.');
  return warning(
    `generation ${pending.generation} is being tried, or its run was killed`,
    'The next reconcile finds out, and undoes it then.',
  );
}

function sourceAnswer(stateDir: string, dataDir: string): Answer {
  const revision = revisionOf(stateDir, dataDir);
  return ok(revision ? `commit ${revisionWords(revision)}` : 'the state directory itself');
}

function attempt<T>(doing: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw accessFailed(doing, error);
  }
}
