// Reads the suspensions: those of the command (`suspend.json`), and of files that an operator makes when the command does not work. An
// empty, unreadable or damaged file suspends everything too.
import { lstatSync } from 'node:fs';
import * as z from 'zod';
import { errnoCode } from '../disk/failure.js';
import { readIfThere } from '../disk/read.js';
import { NotRegularError, readHead } from '../disk/regular.js';
import { XdpkeepError } from '../model/errors.js';
import { oneLine } from '../text/one-line.js';
import type { Suspension } from '../model/suspension.js';
import { type End, STORED_EXPIRY, unexpired } from './expiry.js';
import { suspendFiles, suspensionFile } from './paths.js';
import { unseal } from './sealed.js';

/** A suspension of the command, as stored in `suspend.json`. */
export interface StoredSuspension extends Suspension, End {
  until: string;
}

const stored: z.ZodType<StoredSuspension> = z.looseObject({
  ...STORED_EXPIRY,
});
const schema = z.looseObject({ suspensions: z.array(stored) });

/** The suspensions in force, of files and of the command. */
export function readSuspensions(dataDir: string): Suspension[] {
  const { made, damaged } = readStored(dataDir);
  return [
    ...suspendFiles(dataDir).flatMap(readFile),
    ...(damaged ? [damaged] : []),
    ...unexpired(made).map(toSuspension),
  ];
}

/** `made`: the suspensions of the command, expired ones included. `damaged`: the one that a file suspends that cannot be read. */
export function readStored(dataDir: string): { made: StoredSuspension[]; damaged?: Suspension } {
  const path = suspensionFile(dataDir);
  try {
    const bytes = readIfThere(path);
    const hint = 'Run `xdpkeep resume`, which removes it.';
    return { made: bytes ? unseal(bytes.toString(), 'Suspensions', schema, { path, hint }).suspensions : [] };
  } catch (error) {
    if (!(error instanceof XdpkeepError)) throw error;
    return { made: [], damaged: { reason: error.message, by: 'unknown', since: NEVER, file: path } };
  }
}

const NEVER = new Date(0).toISOString();

/** The suspension without the fields that only the file needs. */
export function toSuspension({ interface: only, reason, by, since, until }: StoredSuspension): Suspension {
  return { ...(only !== undefined && { interface: only }), reason, by, since, until };
}

/** UTF-16 code units; no more of a file is read than these can take. */
const LONGEST_REASON = 200;

/** Any kind of file at this path suspends. Only a regular file is read, since reading another can block. */
function readFile(path: string): Suspension[] {
  try {
    const { uid, mtime } = lstatSync(path);
    return [{ reason: readReason(path), by: `uid ${uid}`, since: mtime.toISOString(), file: path }];
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    return [
      {
        reason: `${path} cannot be read (${code ?? String(error)})`,
        by: 'unknown',
        since: NEVER,
        file: path,
      },
    ];
  }
}

function readReason(path: string): string {
  try {
    const [line = ''] = readHead(path, 4 * LONGEST_REASON)
      .toString('utf8')
      .trim()
      .split('\n');
    return oneLine(line, LONGEST_REASON) || 'no reason is given';
  } catch (error) {
    if (error instanceof NotRegularError) return 'no reason is given: it is not a regular file';
    return `the reason cannot be read (${errnoCode(error) ?? String(error)})`;
  }
}
