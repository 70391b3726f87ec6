// `xdpkeep reconcile`: one pass, or with --watch or --schedule one pass after another.
import { EXIT } from '../model/errors.js';
import type { Reconciliation } from '../model/reconciliation.js';
import { reconcile } from '../reconcile.js';
import { renderReconciliation } from '../report/reconciliation.js';
import { json, painter } from '../report/style.js';
import type { CommonOptions } from './options.js';
import type { CommandResult } from './result.js';

export interface ReconcileCommand extends CommonOptions {
  dryRun?: boolean;
  detailedExitcode?: boolean;
  retry?: boolean;
  allowPruneAll?: boolean;
}

export async function runReconcile(options: ReconcileCommand): Promise<CommandResult> {
  const result = await reconcile({
    stateDir: options.state,
    host: options.host,
    bpffs: options.bpffs,
    dataDir: options.dataDir,
    dryRun: options.dryRun ?? false,
    retry: options.retry ?? false,
    allowPrune: options.allowPruneAll ?? false,
  });
  const changes = options.detailedExitcode === true && result.changed && result.exitCode === EXIT.ok;
  return present({ ...result, exitCode: changes ? EXIT.changes : result.exitCode }, options);
}

/** A reconciliation as the command's output. */
export function present(result: Reconciliation, options: CommonOptions): CommandResult {
  const { exitCode, ...document } = result;
  const out =
    options.output === 'json' ? json(document) : renderReconciliation(result, painter(options.color));
  return { exitCode, out };
}
