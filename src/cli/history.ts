// `xdpkeep history`: what was applied, when and why.
import { readHistory } from '../history.js';
import { EXIT } from '../model/errors.js';
import { renderHistory } from '../report/history.js';
import { json } from '../report/style.js';
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
