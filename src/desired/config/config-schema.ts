// The schema of the config file. Besides unknown fields it refuses repositories over a transport without protection, passwords in a URL,
// and a state directory outside of the repository.
import * as z from 'zod';
import type { Config } from '../../model/config.js';
import { API_VERSION } from '../host/host-schema.js';
import { FILE_NAME, FILE_NAME_RULE } from '../policy/values.js';

const absolutePath = z
  .string()
  .regex(/^\/[^\u0000-\u001f\u007f]*$/, 'must be an absolute path without control characters');

/** No passwords: the list of processes and every message with the URL would show them. */
const repository = z
  .string()
  .regex(
    /^(?:\/|file:\/\/\/|https:\/\/[^/@\s]+\/|ssh:\/\/(?:[\w.-]+@)?[^/@\s-][^/@\s]*\/|[\w][\w.-]*@[^/@:\s-][^/@:\s]*:)[^\u0000-\u0020\u007f]+$/,
    'must be an absolute path, file:///PATH, ssh://USER@HOST/PATH, USER@HOST:PATH or https://HOST/PATH, without a password',
  )
  .describe('The repository: an absolute path, or a URL with file, ssh or https. Passwords are refused.');

const ref = z
  .string()
  .regex(
    /^(?!.*(?:\.\.|@\{|\/\/|\.lock$|[/.]$))[A-Za-z0-9_][A-Za-z0-9_./+@-]*$/,
    'must be the name of a branch, or a full name like refs/tags/v1',
  )
  .default('main')
  .describe('A branch, or a full name like refs/tags/v1. Default: main.');

const tagPattern = z
  .string()
  .regex(
    /^(?!.*(?:\.\.|@\{|\/\/|\.lock$|[/.]$))(?!.*\*.*\*)[A-Za-z0-9_*][A-Za-z0-9_./+*@-]*$/,
    'must be the name of a tag without refs/tags/, with one * at most, like release-*',
  );

const statePath = z
  .string()
  .regex(
    /^(?:\.|(?!\.{0,2}(?:\/|$))(?!.*\/\.{0,2}(?:\/|$))[^\u0000-\u001f\u007f:]+)$/,
    'must be a directory of the repository, like state',
  )
  .default('state')
  .describe('The state directory in the repository; "." is its root. Default: state.');

const pathGlob = z
  .string()
  .regex(/^(?!\/)[^\u0000-\u001f\u007f]+$/, 'must be relative to the state directory, like lists/**')
  .describe('A glob relative to the state directory: * stays in one folder, ** does not.');

export const configSchema: z.ZodType<Config, Record<string, unknown>> = z
  .strictObject({
    apiVersion: z.exactOptional(z.literal(API_VERSION)).describe('Version of this format.'),
    kind: z.exactOptional(z.literal('Config')).describe('What this file describes.'),
    host: z
      .exactOptional(z.string().regex(FILE_NAME, FILE_NAME_RULE))
      .describe('Which Host file is for this machine. Default: its hostname.'),
    state: z
      .exactOptional(absolutePath)
      .describe('The state directory, where it is not that of the git source.'),
    bpffs: z.exactOptional(absolutePath).describe('The bpffs mount. Default: /sys/fs/bpf.'),
    dataDir: z
      .exactOptional(absolutePath)
      .describe('Journal, generations, objects, mirror. Default: /var/lib/xdpkeep.'),
    probes: z
      .exactOptional(
        z.strictObject({
          exec: z
            .enum(['allow', 'deny'])
            .describe(
              'Whether `exec` probes of a Host file are run, as a user without rights. Default: deny.',
            ),
        }),
      )
      .describe('What probes of the state files may do on this host.'),
    source: z
      .exactOptional(z.strictObject({ git: repository, ref, path: statePath }))
      .describe('The git repository that `xdpkeep sync` follows.'),
    verify: z
      .exactOptional(
        z.strictObject({
          allowedSigners: absolutePath.describe(
            'Keys that may sign commits: ALLOWED SIGNERS in ssh-keygen(1).',
          ),
          revoked: z
            .exactOptional(absolutePath)
            .describe('Keys that may not any more: a key revocation list, or public keys, one a line.'),
          allowRewind: z
            .exactOptional(absolutePath)
            .describe(
              'A file that says `rewind FROM TO`, signed in FILE.sig: lets one rewritten history in.',
            ),
          requireTag: z
            .exactOptional(tagPattern)
            .describe('Apply only what a signed tag of this name is on: one * stands for anything.'),
          scopes: z
            .array(
              z
                .strictObject({
                  principal: z.string().min(1).describe('A principal of the allowed signers.'),
                  paths: z.array(pathGlob).describe('The files that this principal may change.'),
                })
                .describe('A principal that may change only some files.'),
            )
            .default([])
            .describe('Principals that may change only some files; all others may change everything.'),
        }),
      )
      .describe('Which signatures commits must have. Without it, whatever is in the repository is applied.'),
  })
  .meta({ title: 'xdpkeep Config', description: 'Where a host has its state files from.' });
