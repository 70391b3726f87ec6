// `xdpkeep counters`.
import { readCounters } from '../inspect/counters.js';
import { EXIT } from '../model/errors.js';
import { renderCounters } from '../report/counters.js';
import { json } from '../report/style.js';
import type { CommonOptions } from './options.js';
import type { CommandResult } from './result.js';

export async function runCounters(name: string | undefined, options: CommonOptions): Promise<CommandResult> {
  const counters = await readCounters(options, name);
  return { exitCode: EXIT.ok, out: options.output === 'json' ? json(counters) : renderCounters(counters) };
}
