// `xdpkeep sync`: one pass from the git repository that the config file names.
import { resolve } from 'node:path';
import { requireCapabilities } from '../kernel/capabilities.js';
import type { Config } from '../model/config.js';
import { UsageError } from '../model/errors.js';
import { sync } from '../operate/sync.js';
import { failure } from './failure.js';
import { changeOptions, present, type ReconcileCommand, runReconcile, withDetail } from './reconcile.js';
import { withProgress } from './progress.js';
import type { CommandResult } from './result.js';

/** Throws a UsageError when the config file names no source. */
export async function runSync(
  options: ReconcileCommand & { offline?: string },
  config: Config | undefined,
): Promise<CommandResult> {
  requireCapabilities();
  const { offline } = options;
  if (!config?.source) {
    if (offline !== undefined) return runReconcile(options); // unit files need not know where state files come from
    const what = config ? 'the config file has no `source`' : 'there is no config file';
    const hint = 'Write `source: {git: URL}` into /etc/xdpkeep/config.yaml, or name a file with --config.';
    throw new UsageError(`${what}, so nobody knows what to sync from`, { hint });
  }
  const { source, verify: verification } = config;
  const { result, refusal } = await withProgress((progress) =>
    sync({
      bpffs: options.bpffs,
      dataDir: options.dataDir,
      from: {
        host: options.host,
        source,
        verification,
        ...(offline !== undefined && { offline: resolve(offline) }),
      },
      ...changeOptions(options),
      progress,
    }),
  );
  const shown = present(withDetail(result, options.detailedExitcode), options);
  if (!refusal) return shown;
  const { err = '' } = failure(refusal, options.color ? [] : ['--no-color']);
  return { ...shown, exitCode: refusal.exitCode, err };
}
