// `xdpkeep reconcile --watch` and `--schedule`: the same command, staying.
import { runDaemon } from '../daemon.js';
import { openLog } from '../daemon/log.js';
import { EXIT, UsageError } from '../model/errors.js';
import { json } from '../report/style.js';
import type { CommonOptions } from './options.js';
import type { CommandResult } from './result.js';

export interface WatchCommand extends CommonOptions {
  watch?: boolean;
  schedule?: string;
  dryRun?: boolean;
  confirmWithin?: number;
  deep?: boolean;
  acceptLockout?: boolean;
  allowPruneAll?: boolean;
}

/** Streams NDJSON to stdout with `--output json`; the log is on stderr. */
export async function runWatch(options: WatchCommand): Promise<CommandResult> {
  if (options.dryRun === true) {
    throw new UsageError('--dry-run looks once, --watch and --schedule stay', {
      hint: 'Leave one of them out.',
    });
  }
  if (options.deep === true) {
    throw new UsageError('--deep looks once, --watch and --schedule stay', {
      hint: 'Run `xdpkeep reconcile --deep` beside it, now and then.',
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
  await runDaemon({
    stateDir: options.state,
    host: options.host,
    bpffs: options.bpffs,
    dataDir: options.dataDir,
    dryRun: false,
    ...(options.confirmWithin !== undefined && { confirmWithin: options.confirmWithin }),
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
