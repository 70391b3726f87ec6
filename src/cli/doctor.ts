// `xdpkeep doctor`: what this host lacks, and what to do about it.
import { examine, exitCodeOf } from '../doctor/doctor.js';
import { renderDoctor } from '../report/doctor.js';
import { json, painter } from '../report/style.js';
import { type CommonOptions, lookOptions } from './options.js';
import type { CommandResult } from './result.js';

export async function runDoctor(options: CommonOptions): Promise<CommandResult> {
  const result = await examine(lookOptions(options));
  const out = options.output === 'json' ? json(result) : renderDoctor(result, painter(options.color));
  return { exitCode: exitCodeOf(result), out };
}
