// What a RuleGroup file may say: rules that several policies have in common.
import * as z from 'zod';
import { MAX_RULES } from '../../model/policy.js';
import { API_VERSION } from '../host/host-schema.js';
import { listOptionsSchema } from '../lists/list-options.js';
import { ruleSchema, TOO_MANY_RULES } from './policy-schema.js';
import { FILE_NAME, FILE_NAME_RULE } from './values.js';

export const groupSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('Version of this format.'),
    kind: z.literal('RuleGroup').describe('What this file describes.'),
    name: z
      .string()
      .regex(FILE_NAME, FILE_NAME_RULE)
      .describe('Name of the group: that of the file without .yaml.'),
    rules: z
      .array(ruleSchema)
      .max(MAX_RULES, TOO_MANY_RULES)
      .describe('In the order in which they stand where `use` puts them.'),
    lists: z
      .record(z.string(), listOptionsSchema)
      .default({})
      .describe('How lists/NAME are written, and what they may not become.'),
  })
  .meta({ title: 'xdpkeep RuleGroup', description: 'Rules that policies put in place by `use`.' });
