// `xdpkeep reconcile --watch` and `--schedule`: the same command, staying.
import { runDaemon } from '../daemon.js';
import { openLog } from '../daemon/log.js';
import type { Config } from '../model/config.js';
import { EXIT, UsageError } from '../model/errors.js';
import { json } from '../report/style.js';
import { sync } from '../sync.js';
import type { CommonOptions } from './options.js';
import type { CommandResult } from './result.js';

export interface WatchCommand extends CommonOptions {
  watch?: boolean;
  schedule?: string;
  dryRun?: boolean;
  confirmWithin?: number;
  acceptLockout?: boolean;
  allowPruneAll?: boolean;
}

/**
 * Streams NDJSON to stdout with `--output json`; the log is on stderr. `followed`: the config file whose source the state
 * files come from; absent where a directory was named.
 */
export async function runWatch(options: WatchCommand, followed: Config | undefined): Promise<CommandResult> {
  if (options.dryRun === true) {
    throw new UsageError('--dry-run looks once, --watch and --schedule stay', {
      hint: 'Leave one of them out.',
    });
  }
  if (options.acceptLockout === true) {
    throw new UsageError('--accept-lockout is for one change, --watch and --schedule stay', {
      hint: 'Leave one of them out.',
    });
  }
  if (options.allowPruneAll === true) {
    throw new UsageError('--allow-prune-all is for one pass, --watch and --schedule stay', {
      hint: 'Run `xdpkeep reconcile --allow-prune-all` once beside it.',
    });
  }
  const log = openLog(process.stderr.isTTY);
  const stream = options.output === 'json';
  const reader = new AbortController();
  process.stdout.once('error', () => {
    reader.abort();
  });
  if (stream) process.stdout.write(json({ apiVersion: 'xdpkeep/v1', kind: 'Stream' }, 0));
  const { host, bpffs, dataDir, confirmWithin } = options;
  const common = {
    host,
    bpffs,
    dataDir,
    dryRun: false,
    ...(confirmWithin !== undefined && { confirmWithin }),
  };
  const { source, verify: verification } = followed ?? {};
  await runDaemon({
    ...common,
    stateDir: options.state,
    ...(source && {
      shownAs: source.path,
      ask: (ended) => sync({ ...common, source, verification, ended }),
    }),
    watch: options.watch ?? false,
    schedule: options.schedule,
    log,
    emit: (result) => {
      if (stream) process.stdout.write(json({ ...result, exitCode: undefined }, 0));
    },
    unread: reader.signal,
  });
  return { exitCode: EXIT.ok, out: '' };
}
