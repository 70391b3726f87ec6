// `xdpkeep events`.
import { EventReader } from '../inspect/events.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { SAMPLE_BYTES } from '../kernel/samples.js';
import { suggest } from '../text/suggest.js';
import type { CommandResult } from './result.js';
import { type StreamOptions, streamPackets } from './packet-stream.js';

export interface EventsOptions extends StreamOptions {
  rule?: string;
}

export async function runEvents(
  name: string | undefined,
  options: EventsOptions,
  version: string,
): Promise<CommandResult> {
  requireCapabilities();
  using reader = new EventReader(options.bpffs, {
    ...(name !== undefined && { interface: name }),
    notesOf: options.dataDir,
  });
  const { rule } = options;
  const source = {
    take: () => {
      const { packets, lost } = reader.take();
      return { packets: packets.filter((one) => rule === undefined || one.rule === rule), lost };
    },
    kind: 'Event' as const,
    snapLength: SAMPLE_BYTES,
    greeting: `listening on ${reader.interfaces.join(', ')}${rule === undefined ? '' : doubtAbout(rule, reader.rules)}`,
  };
  return await streamPackets(source, options, version);
}

/** An update may bring the rule, so it is no error; whoever mistyped it would wait for ever. */
function doubtAbout(rule: string, rules: ReadonlySet<string>): string {
  if (rules.has(rule)) return '';
  const meant = suggest(rule, rules);
  return `; there is no rule ${JSON.stringify(rule)} yet${meant === undefined ? '' : `: did you mean ${meant}?`}`;
}
