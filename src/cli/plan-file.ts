// `xdpkeep plan --out FILE` and `xdpkeep apply FILE`.
import { describeBuild } from '../model/build.js';
import { UsageError } from '../model/errors.js';
import { applyPlan, planToFile } from '../operate/plan-file.js';
import type { CommonOptions } from './options.js';
import { present, type ReconcileCommand } from './reconcile.js';
import type { CommandResult } from './result.js';

export async function runPlan(
  options: CommonOptions & { out?: string; allowPruneAll?: boolean },
  version: string,
): Promise<CommandResult> {
  const { out, state: stateDir, host, bpffs, dataDir, allowPruneAll } = options;
  if (out === undefined || out === '') {
    throw new UsageError('plan asks for --out', {
      hint: 'xdpkeep plan --out FILE, then xdpkeep apply FILE.',
    });
  }
  const allowPrune = allowPruneAll ?? false;
  const result = await planToFile(
    { stateDir, host, bpffs, dataDir, allowPrune },
    out,
    describeBuild(version),
  );
  return { ...present(result, options), err: `written to ${out}; \`xdpkeep apply ${out}\` does it\n` };
}

export async function runApply(
  file: string,
  options: CommonOptions & Pick<ReconcileCommand, 'confirmWithin' | 'acceptLockout'>,
  version: string,
): Promise<CommandResult> {
  return present(await applyPlan(options, file, describeBuild(version)), options);
}
