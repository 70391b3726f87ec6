// What xdpkeep.yaml may say: what people agreed on for all files of a state directory.
import * as z from 'zod';
import { API_VERSION } from './host/host-schema.js';
import { DAY, duration } from './host/safeguard-schema.js';
import { mayBeAbsent } from './policy/values.js';

const required = mayBeAbsent(z.enum(['required', 'optional']));

export const repositorySchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('Version of this format.'),
    kind: z.literal('Repository').describe('What this file describes.'),
    lint: z
      .strictObject({
        description: required.describe('Must each rule have a `description`?'),
        owner: required.describe('Must each rule have an `owner`?'),
        ticket: required.describe('Must each rule have a `ticket`?'),
        until: required.describe('Must each rule have an `until`?'),
        expiry: mayBeAbsent(duration(1000, 3650 * DAY, '1s to 3650d')).describe(
          'How long before its `until` a rule is warned of: 14d.',
        ),
      })
      .default({})
      .describe('What `xdpkeep lint` asks of each rule besides.'),
  })
  .meta({ title: 'xdpkeep Repository', description: 'What holds for all files of a state directory.' });
