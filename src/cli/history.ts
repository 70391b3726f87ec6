// `xdpkeep history`: what was applied, when and why.
import { reportGeneration } from '../inspect/history-changes.js';
import { readHistory } from '../inspect/history.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { EXIT, UsageError } from '../model/errors.js';
import { renderGeneration, renderHistory } from '../report/history.js';
import { json, painter } from '../report/style.js';
import type { CommonOptions } from './options.js';
import type { CommandResult } from './result.js';

export function runHistory({ dataDir, output }: Pick<CommonOptions, 'dataDir' | 'output'>): CommandResult {
  const { history, warnings } = readHistory(dataDir);
  return {
    exitCode: EXIT.ok,
    out: output === 'json' ? json(history) : renderHistory(history),
    err: warnings.map((warning) => `warning: ${warning}\n`).join(''),
  };
}

/** One generation: what it changed for packets, and what was done. */
export function runGeneration(
  given: string,
  { dataDir, output, color }: Pick<CommonOptions, 'dataDir' | 'output' | 'color'>,
): CommandResult {
  requireCapabilities();
  if (!/^[1-9]\d{0,8}$/.test(given)) {
    throw new UsageError(`${JSON.stringify(given)} is no number of a generation`, {
      hint: '`xdpkeep history` lists them.',
    });
  }
  const report = reportGeneration(dataDir, Number(given));
  const out = output === 'json' ? json(report) : renderGeneration(report, painter(color));
  return { exitCode: EXIT.ok, out };
}
