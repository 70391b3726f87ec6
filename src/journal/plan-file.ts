// Plan files. A plan decides what runs as root, so it is written with mode 0600, sealed with a hash, and refused when another user could
// have written it.
import * as z from 'zod';
import { replaceFile } from '../disk/durable.js';
import { errnoCode } from '../disk/failure.js';
import { NotRegularError, readOwn, TooLargeError } from '../disk/regular.js';
import { JournalError, PermissionError, StalePlanError, UsageError } from '../model/errors.js';
import type { DesiredState } from '../model/desired.js';
import { PLAN_FORMAT, type PlanFile } from '../model/plan-file.js';
import type { Revision } from '../model/revision.js';
import type { Safeguards } from '../model/safeguards.js';
import { holdSchema } from './hold.js';
import { seal, unseal } from './sealed.js';

const schema = z.strictObject({
  format: z.literal(PLAN_FORMAT),
  release: z.string(),
  host: z.string(),
  time: z.iso.datetime(),
  bpffs: z.string(),
  dataDir: z.string(),
  boot: z.string(),
  netns: z.int(),
  journal: z.strictObject({ records: z.int().nonnegative(), head: z.string() }),
  // Not checked further: this release wrote it, and the seal protects it.
  desired: z.custom<DesiredState>((value) => typeof value === 'object' && value !== null),
  source: z.exactOptional(z.custom<Revision>((value) => typeof value === 'object' && value !== null)),
  safeguards: z.custom<Safeguards>((value) => typeof value === 'object' && value !== null),
  hold: z.exactOptional(holdSchema),
  allowPrune: z.boolean(),
  // Only compared with a new plan.
  steps: z.array(z.custom<PlanFile['steps'][number]>((value) => typeof value === 'object')),
  subjects: z.array(z.looseObject({ name: z.string() })),
  objects: z.record(z.string(), z.base64()),
  sets: z.record(z.string(), z.base64()),
});

const NEW_PLAN = 'Nothing was changed. Make a new plan: xdpkeep plan --out FILE.';

/** Writes or replaces the file. Throws a UsageError when it cannot be written. */
export function writePlanFile(path: string, plan: PlanFile): void {
  try {
    replaceFile(path, seal('Plan', plan));
  } catch (error) {
    throw fileTrouble('write', path, error);
  }
}

/**
 * Throws a StalePlanError when the file is damaged or has another format, a PermissionError when another user may write it, a UsageError
 * when it cannot be read.
 */
export function readPlanFile(path: string): PlanFile {
  const text = readText(path);
  try {
    return unseal(text, 'Plan', schema, { path, hint: NEW_PLAN });
  } catch (error) {
    if (error instanceof JournalError) throw stalePlan(error.message);
    throw error;
  }
}

/** The error for a plan that must not be applied, or not any more. */
export function stalePlan(reason: string): StalePlanError {
  return new StalePlanError(reason, { hint: NEW_PLAN });
}

/** Bytes; a plan contains the objects and address sets that it will load. */
const LARGEST_PLAN = 500 << 20;

function readText(path: string): string {
  try {
    return readOwn(path, LARGEST_PLAN, ({ uid, mode }) => {
      const self = process.geteuid?.();
      // A user other than root, with the capabilities, trusts its own files as well.
      if (self === 0 || ((uid === 0 || uid === self) && (mode & 0o022) === 0)) return;
      throw new PermissionError(`${path} could have been written by another user`, {
        hint: `Let nobody else write to it: chown root ${path}; chmod 0600 ${path}`,
      });
    }).toString('utf8');
  } catch (error) {
    if (error instanceof NotRegularError || error instanceof TooLargeError) {
      throw new UsageError(`cannot read the plan ${path}: ${error.message}`, {
        hint: 'Name the file that `xdpkeep plan --out FILE` has written.',
      });
    }
    throw errnoCode(error) === undefined ? error : fileTrouble('read', path, error);
  }
}

function fileTrouble(doing: string, path: string, error: unknown): UsageError {
  const code = errnoCode(error);
  if (code === undefined) throw error;
  return new UsageError(`cannot ${doing} the plan ${path} (${code})`, {
    hint: 'Name a file in a directory that exists.',
    cause: error,
  });
}
