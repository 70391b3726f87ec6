// The shape of a generation on the disk. Unknown fields are kept: the seal vouches for them, and a newer release may
// have written them.
import * as z from 'zod';
import type { Generation, RecordedInterface, RecordedProgram, RecordedState } from '../model/record.js';

const program: z.ZodType<RecordedProgram> = z.looseObject({
  label: z.string(),
  origin: z.enum(['builtin', 'source', 'object', 'policy']),
  function: z.string(),
  object: z.string(),
  digest: z.string(),
  firewall: z.exactOptional(z.string()),
  written: z.string(),
});

const recordedInterface: z.ZodType<RecordedInterface> = z.looseObject({
  pattern: z.string(),
  mode: z.enum(['native', 'generic', 'offload', 'auto']),
  foreign: z.enum(['refuse', 'replace']),
  program,
  at: z.looseObject({ file: z.string(), line: z.number(), column: z.number() }),
});

const recordedState: z.ZodType<RecordedState> = z.looseObject({
  host: z.string(),
  interfaces: z.array(recordedInterface),
  digest: z.string(),
  written: z.string(),
});

export const generationSchema: z.ZodType<Generation> = z.looseObject({
  number: z.int().positive(),
  time: z.iso.datetime(),
  origin: z.enum(['reconcile', 'rollback', 'detach']),
  of: z.int().nonnegative(),
  reason: z.exactOptional(z.string()),
  desired: recordedState,
});
