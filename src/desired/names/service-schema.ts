// What a Service file may say: the ports of each protocol, which belong together.
import * as z from 'zod';
import { PROTOCOLS } from '../../model/names.js';
import type { Range, ServicePorts } from '../../model/policy.js';
import { API_VERSION } from '../host/host-schema.js';
import { notation } from '../../policy/fields/notation.js';
import { notationSchema } from '../policy/notation-schema.js';
import { mayBeAbsent, oneOrMany, SERVICE_NAME, SERVICE_NAME_RULE, toIssue } from '../policy/values.js';

const ports = (protocol: string) =>
  mayBeAbsent(oneOrMany(notationSchema<Range>(notation({ kind: 'range', to: 0xffff })))).describe(
    `Destination ports of ${protocol}: numbers and ranges.`,
  );

const NONE = {
  message: 'must have a protocol: without one no packet is of the service',
  hint: 'Write for example `ports: {tcp: 8080}`.',
};

export const serviceSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('Version of this format.'),
    kind: z.literal('Service').describe('What this file describes.'),
    name: z
      .string()
      .regex(SERVICE_NAME, SERVICE_NAME_RULE)
      .describe('Name of the service: that of the file without .yaml. It goes before one of IANA.'),
    ports: z
      .strictObject({ tcp: ports('TCP'), udp: ports('UDP'), sctp: ports('SCTP') })
      .superRefine((protocols, context) => {
        if (Object.keys(protocols).length === 0) context.issues.push(toIssue(NONE, protocols));
      })
      .meta({ minProperties: 1, description: 'Destination ports of each protocol.' }),
  })
  .meta({ title: 'xdpkeep Service', description: 'Protocol and ports that rules name together.' });

export function toService({ ports: of }: z.output<typeof serviceSchema>): ServicePorts[] {
  return (['tcp', 'udp', 'sctp'] as const).flatMap((name) =>
    of[name] ? [{ protocol: PROTOCOLS[name], ports: of[name] }] : [],
  );
}
