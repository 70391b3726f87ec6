// The schema of a generation on the disk. Unknown fields are accepted: the seal covers them, and a newer release may have written them.
import * as z from 'zod';
import type { ConnectionSettings } from '../model/connections.js';
import type { DesiredList } from '../model/desired.js';
import type { AddressSet } from '../model/policy.js';
import type { Generation, RecordedInterface, RecordedProgram, RecordedState } from '../model/record.js';
import type { Revision } from '../model/revision.js';

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
  drift: z.exactOptional(z.enum(['enforce', 'warn'])),
  program,
  at: z.looseObject({ file: z.string(), line: z.number(), column: z.number() }),
});

const desiredList: z.ZodType<DesiredList> = z.looseObject({
  name: z.string(),
  set: z.custom<AddressSet>((value) => typeof value === 'object'),
  entries: z.number(),
  merged: z.exactOptional(z.object({ duplicates: z.number(), overlaps: z.number() })),
  maxShrink: z.exactOptional(z.number()),
  maxGrow: z.exactOptional(z.number()),
});

const seconds = z.int().positive();
const connectionSettings: z.ZodType<ConnectionSettings> = z.looseObject({
  max: z.int().positive(),
  grace: z.exactOptional(z.int().nonnegative()),
  from: z.exactOptional(z.literal('conntrack')),
  timeouts: z.looseObject({
    tcp: z.looseObject({
      opening: seconds,
      accepting: seconds,
      flowing: seconds,
      closing: seconds,
      reset: seconds,
    }),
    udp: seconds,
    udpAnswered: seconds,
    icmp: seconds,
    sctp: seconds,
    other: seconds,
  }),
});

const recordedState: z.ZodType<RecordedState> = z.looseObject({
  host: z.string(),
  interfaces: z.array(recordedInterface),
  lists: z.exactOptional(z.array(desiredList)),
  connections: z.exactOptional(connectionSettings),
  sets: z.exactOptional(z.array(z.string())),
  digest: z.string(),
  written: z.string(),
});

export const revisionSchema: z.ZodType<Revision> = z.looseObject({
  commit: z.string(),
  subject: z.string(),
  author: z.string(),
  time: z.string(),
  signer: z.exactOptional(z.looseObject({ principal: z.string(), key: z.string() })),
});

export const generationSchema: z.ZodType<Generation> = z.looseObject({
  number: z.int().positive(),
  time: z.iso.datetime(),
  origin: z.enum(['reconcile', 'rollback', 'detach']),
  of: z.int().nonnegative(),
  reason: z.exactOptional(z.string()),
  desired: recordedState,
  source: z.exactOptional(revisionSchema),
});
