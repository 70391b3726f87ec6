// `xdpkeep reconcile`: one pass, or with --watch or --schedule one pass after another.
import type { ReconcileOptions } from '../model/pass-options.js';
import { EXIT } from '../model/errors.js';
import type { Reconciliation } from '../model/reconciliation.js';
import { reconcile } from '../pass/reconcile.js';
import { renderReconciliation } from '../report/reconciliation.js';
import { json, painter } from '../report/style.js';
import { type CommonOptions, lookOptions } from './options.js';
import { withProgress } from './progress.js';
import type { CommandResult } from './result.js';

export interface ReconcileCommand extends CommonOptions {
  dryRun?: boolean;
  detailedExitcode?: boolean;
  deep?: boolean;
  retry?: boolean;
  /** Milliseconds. */
  confirmWithin?: number;
  acceptLockout?: boolean;
  allowPruneAll?: boolean;
}

export async function runReconcile(options: ReconcileCommand): Promise<CommandResult> {
  const result = await withProgress((progress) =>
    reconcile({
      ...lookOptions(options),
      ...changeOptions(options),
      progress,
    }),
  );
  return present(withDetail(result, options.detailedExitcode), options);
}

/** What `reconcile` and `sync` share. */
export function changeOptions(options: ReconcileCommand): Pick<ReconcileOptions, 'change' | 'dryRun'> {
  const { confirmWithin } = options;
  return {
    dryRun: options.dryRun ?? false,
    change: {
      retry: options.retry ?? false,
      deep: options.deep ?? false,
      acceptLockout: options.acceptLockout ?? false,
      allowPrune: options.allowPruneAll ?? false,
      ...(confirmWithin !== undefined && { confirmWithin }),
    },
  };
}

/** `wanted`: is exit 2 for changes? */
export function withDetail(result: Reconciliation, wanted = false): Reconciliation {
  const changes = wanted && result.changed && result.exitCode === EXIT.ok;
  return { ...result, exitCode: changes ? EXIT.changes : result.exitCode };
}

/** A reconciliation as the command's output. */
export function present(result: Reconciliation, options: CommonOptions): CommandResult {
  const { exitCode, ...document } = result;
  const out =
    options.output === 'json' ? json(document) : renderReconciliation(result, painter(options.color));
  return { exitCode, out };
}
