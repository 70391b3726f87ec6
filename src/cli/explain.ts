// `xdpkeep explain IFACE PACKET`.
import { explain } from '../inspect/explain.js';
import { EXIT } from '../model/errors.js';
import { renderExplanation } from '../report/explain.js';
import { json, painter } from '../report/style.js';
import { type CommonOptions, lookOptions } from './options.js';
import type { CommandResult } from './result.js';

export async function runExplain(
  name: string,
  packet: string,
  options: CommonOptions,
): Promise<CommandResult> {
  const explanation = await explain(name, packet, lookOptions(options));
  const out =
    options.output === 'json' ? json(explanation) : renderExplanation(explanation, painter(options.color));
  return { exitCode: EXIT.ok, out };
}
