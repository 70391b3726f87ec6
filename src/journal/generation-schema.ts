// The shape of a generation on the disk. Unknown fields are kept: the seal vouches for them, and a newer release may
// have written them.
import * as z from 'zod';
import type { DesiredFirewall, DesiredInterface, DesiredProgram, DesiredState } from '../model/desired.js';
import type { Policy, Protection } from '../model/policy.js';
import type { Generation } from '../model/record.js';

/** What is in a policy, the seal vouches for: whoever applies it compiles it, and that checks it. */
const firewall: z.ZodType<DesiredFirewall> = z.looseObject({
  policy: z.custom<Policy>((value) => typeof value === 'object'),
  protections: z.array(z.custom<Protection>((value) => typeof value === 'object')),
});

const program: z.ZodType<DesiredProgram> = z.looseObject({
  label: z.string(),
  origin: z.enum(['builtin', 'source', 'object', 'policy']),
  function: z.string(),
  object: z.string(),
  digest: z.string(),
  firewall: z.exactOptional(firewall),
  written: z.string(),
});

const desiredInterface: z.ZodType<DesiredInterface> = z.looseObject({
  pattern: z.string(),
  mode: z.enum(['native', 'generic', 'offload', 'auto']),
  foreign: z.enum(['refuse', 'replace']),
  program,
  at: z.looseObject({ file: z.string(), line: z.number(), column: z.number() }),
});

export const desiredStateSchema: z.ZodType<DesiredState> = z.looseObject({
  host: z.string(),
  interfaces: z.array(desiredInterface),
  digest: z.string(),
  written: z.string(),
});

export const generationSchema: z.ZodType<Generation> = z.looseObject({
  number: z.int().positive(),
  time: z.iso.datetime(),
  origin: z.enum(['reconcile', 'rollback', 'detach']),
  of: z.int().nonnegative(),
  reason: z.exactOptional(z.string()),
  desired: desiredStateSchema,
});
