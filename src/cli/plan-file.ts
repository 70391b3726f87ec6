// `xdpkeep plan --out FILE` and `xdpkeep apply FILE`.
import { describeBuild } from '../model/build.js';
import { UsageError } from '../model/errors.js';
import { applyPlan, planToFile } from '../operate/plan-file.js';
import { type CommonOptions, lookOptions } from './options.js';
import { present, type ReconcileCommand } from './reconcile.js';
import type { CommandResult } from './result.js';

export async function runPlan(
  options: CommonOptions & { out?: string; allowPruneAll?: boolean },
  version: string,
): Promise<CommandResult> {
  const { out, allowPruneAll } = options;
  if (out === undefined || out === '') {
    throw new UsageError('plan asks for --out', {
      hint: 'xdpkeep plan --out FILE, then xdpkeep apply FILE.',
    });
  }
  const change = { allowPrune: allowPruneAll ?? false };
  const result = await planToFile({ ...lookOptions(options), change }, out, describeBuild(version));
  return { ...present(result, options), err: `written to ${out}; \`xdpkeep apply ${out}\` does it\n` };
}

export async function runApply(
  file: string,
  options: CommonOptions & Pick<ReconcileCommand, 'confirmWithin' | 'acceptLockout'>,
  version: string,
): Promise<CommandResult> {
  const { confirmWithin, acceptLockout = false, ...paths } = options;
  const change = { acceptLockout, ...(confirmWithin !== undefined && { confirmWithin }) };
  return present(await applyPlan({ ...paths, change }, file, describeBuild(version)), options);
}
