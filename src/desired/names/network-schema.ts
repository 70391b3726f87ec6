// What a Network file may say: addresses that rules name together.
import * as z from 'zod';
import { API_VERSION } from '../host/host-schema.js';
import type { WrittenAddress } from '../../policy/fields/field.js';
import { notation } from '../../policy/fields/notation.js';
import { notationSchema } from '../policy/notation-schema.js';
import { FILE_NAME, FILE_NAME_RULE, oneOrMany } from '../policy/values.js';

export const networkSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('Version of this format.'),
    kind: z.literal('Network').describe('What this file describes.'),
    name: z
      .string()
      .regex(FILE_NAME, FILE_NAME_RULE)
      .describe('Name of the networks: that of the file without .yaml.'),
    addresses: oneOrMany(notationSchema<WrittenAddress>(notation({ kind: 'network' }))).describe(
      'Addresses, networks, lists, and networks of other files.',
    ),
  })
  .meta({ title: 'xdpkeep Network', description: 'Addresses that rules name together.' });
