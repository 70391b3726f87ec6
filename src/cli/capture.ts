// `xdpkeep capture`.
import { InterfaceCapture } from '../inspect/capture.js';
import { parseMatch } from '../desired/policy/match-text.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { SAMPLE_BYTES } from '../kernel/samples.js';
import type { FATES } from '../model/sample.js';
import type { CommandResult } from './result.js';
import { type StreamOptions, streamPackets } from './packet-stream.js';

export interface CaptureOptions extends StreamOptions {
  verdict?: (typeof FATES)[number][];
}

/** `filter`: the match of a rule, in YAML's flow style. */
export async function runCapture(
  name: string,
  filter: string,
  options: CaptureOptions,
  version: string,
): Promise<CommandResult> {
  const { bpffs, verdict } = options;
  const match = parseMatch(filter);
  requireCapabilities();
  using capture = new InterfaceCapture(bpffs, {
    interface: name,
    match,
    ...(verdict && { verdicts: verdict }),
  });
  const source = {
    take: () => capture.take(),
    kind: 'Packet' as const,
    snapLength: SAMPLE_BYTES,
    greeting: `listening on ${name}`,
  };
  return await streamPackets(source, options, version);
}
