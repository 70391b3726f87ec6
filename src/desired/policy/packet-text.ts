// A packet of the command line, with the fields that the packet of a test has, in YAML's flow style.
import type { PacketDescription } from '../../model/policy.js';
import { parseFlow } from '../yaml/flow-text.js';
import { packetSchema, toPacket } from './packet-schema.js';

const EXAMPLE = '{protocol: tcp, source: 10.0.0.1, destinationPort: 22}';

/** The braces may be left out. Throws a UsageError that says all that is wrong. */
export function parsePacket(text: string): PacketDescription {
  const hint = `Write the fields that the packet of a test has: ${EXAMPLE}.`;
  return toPacket(parseFlow(text, 'packet', packetSchema, hint));
}
