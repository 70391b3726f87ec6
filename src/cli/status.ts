// `xdpkeep status`.
import { EXIT } from '../model/errors.js';
import { renderStatus } from '../report/status.js';
import { json, painter } from '../report/style.js';
import { status } from '../status.js';
import type { CommonOptions } from './options.js';
import type { CommandResult } from './result.js';

export async function runStatus(options: CommonOptions & { memory?: boolean }): Promise<CommandResult> {
  const { state: stateDir, host, bpffs, dataDir } = options;
  const result = await status({ stateDir, host, bpffs, dataDir });
  if (options.memory === true) result.memory = await (await import('../memory.js')).readMemory(bpffs);
  const out = options.output === 'json' ? json(result) : renderStatus(result, painter(options.color));
  return { exitCode: EXIT.ok, out };
}
