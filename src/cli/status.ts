// `xdpkeep status`.
import { EXIT } from '../model/errors.js';
import { renderStatus } from '../report/status.js';
import { json, painter } from '../report/style.js';
import { status } from '../status.js';
import type { CommonOptions } from './options.js';
import type { CommandResult } from './result.js';

export async function runStatus(options: CommonOptions): Promise<CommandResult> {
  const { state: stateDir, host, bpffs, dataDir } = options;
  const result = await status({ stateDir, host, bpffs, dataDir });
  const out = options.output === 'json' ? json(result) : renderStatus(result, painter(options.color));
  return { exitCode: EXIT.ok, out };
}
