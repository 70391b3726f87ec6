// A packet of the command line, with the fields that the packet of a test has, in YAML's flow style.
import { UsageError } from '../model/errors.js';
import type { Diagnostic } from '../model/diagnostic.js';
import type { PacketDescription } from '../model/policy.js';
import { explain } from './explain.js';
import { packetSchema, toPacket } from './packet-schema.js';
import { Source } from './source.js';
import { MOST_PROBLEMS } from './syntax.js';
import { parseYaml } from './yaml.js';

const EXAMPLE = '{protocol: tcp, source: 10.0.0.1, destinationPort: 22}';

/** The braces may be left out. Throws a UsageError that says all that is wrong. */
export function parsePacket(text: string): PacketDescription {
  const trimmed = text.trim();
  const source = new Source('packet', trimmed.startsWith('{') ? trimmed : `{${trimmed}}`);
  const problems: Diagnostic[] = [];
  const parsed = parseYaml(source, problems);
  if (parsed) {
    const { success, data, error } = packetSchema.safeParse(parsed.value, { reportInput: true });
    if (success && problems.length === 0) return toPacket(data);
    const written = { kind: 'packet', root: parsed.root, source } as const;
    problems.push(...explain(error?.issues ?? [], written, MOST_PROBLEMS));
  }
  const hints = problems.flatMap(({ hint }) => hint ?? []);
  throw new UsageError(`not a packet: ${problems.map(({ detail }) => detail).join('; ')}`, {
    hint: hints[0] ?? `Write the fields that the packet of a test has: ${EXAMPLE}.`,
  });
}
