// The schema of one journal line. It checks the fields that recovery and reports use; the hash chain protects the rest of a step, so
// that journals of other releases stay readable. Unknown fields of the record itself are refused.
import * as z from 'zod';
import type { JournalRecord } from '../model/record.js';

const about = {
  interface: z.string().min(1),
  action: z.enum(['attach', 'update', 'detach']),
  reason: z.string(),
  gap: z.boolean(),
};
const linkId = z.int().positive();
const instance = z.looseObject({ digest: z.string().min(1) });

/** The fields of a step that decide anything. */
export const effectiveStep = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('attach'), ...about, instance, dropLink: z.boolean() }),
  z.looseObject({ kind: z.literal('repin'), ...about, digest: z.string().min(1) }),
  z.looseObject({ kind: z.literal('rename'), ...about, from: z.string().min(1), linkId }),
  z.looseObject({ kind: z.literal('swap'), ...about, instance, linkId }),
  z.looseObject({ kind: z.literal('reattach'), ...about, instance, linkId }),
  z.looseObject({ kind: z.literal('detach'), ...about, linkId: z.exactOptional(linkId) }),
  z.looseObject({
    kind: z.literal('record'),
    ...about,
    ifindex: z.int().positive(),
    digest: z.string().min(1),
  }),
  z.looseObject({ kind: z.literal('retime'), ...about }),
  z.looseObject({ kind: z.literal('forget'), ...about }),
  z.looseObject({ kind: z.literal('clean'), ...about, keepDigest: z.string().min(1) }),
]);

const operatorStep = z.looseObject({
  kind: z.enum([
    'hold',
    'suspend',
    'resume',
    'rebase',
    'source',
    'trial',
    'accept-lockout',
    'block',
    'unblock',
    'forget-connections',
  ]),
  reason: z.string(),
});

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'is no SHA-256');

const record = z.strictObject({
  seq: z.int().positive(),
  prev: sha256,
  time: z.iso.datetime(),
  boot: z.string().min(1),
  uptime: z.exactOptional(z.number().nonnegative()),
  netns: z.int().nonnegative(),
  generation: z.int().nonnegative(),
  phase: z.enum(['intent', 'done', 'failed', 'undone', 'confirmed']),
  step: z.union([effectiveStep, operatorStep]),
  inverse: z.exactOptional(effectiveStep),
  of: z.exactOptional(z.int().positive()),
  note: z.exactOptional(z.string()),
});

/** Parses one line without its line break. Returns the reason as a string when it is not a record. */
export function parseRecord(line: string): JournalRecord | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'it is not JSON';
  }
  const result = record.safeParse(value);
  if (result.success) return value as JournalRecord;
  return result.error.issues
    .map(({ path, message }) => ['it', ...path].join('.') + `: ${message}`)
    .join('; ');
}
