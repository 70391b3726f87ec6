// `xdpkeep diff FROM TO`.
import { diffAny } from '../inspect/diff-revisions.js';
import { EXIT } from '../model/errors.js';
import { markdownStateDiff, renderStateDiff } from '../report/state-diff.js';
import { json, painter } from '../report/style.js';
import type { CommonOptions } from './options.js';
import type { CommandResult } from './result.js';

export interface DiffCommand extends CommonOptions<'markdown'> {
  semantic?: boolean;
  detailedExitcode?: boolean;
}

export async function runDiff(from: string, to: string, options: DiffCommand): Promise<CommandResult> {
  const { state: stateDir, host, bpffs, dataDir, output, color, semantic = false } = options;
  const diff = await diffAny({ stateDir, host, bpffs, dataDir, from, to, semantic });
  const format = {
    text: () => renderStateDiff(diff, painter(color)),
    json: () => json(diff),
    markdown: () => markdownStateDiff(diff),
  };
  const differs = diff.hosts.length + diff.policies.length > 0;
  const exitCode = differs && options.detailedExitcode === true ? EXIT.changes : EXIT.ok;
  return { exitCode, out: format[output]() };
}
