// `xdpkeep reconcile --watch` and `--schedule`: the same command as a process that stays.
import { resolve } from 'node:path';
import { runDaemon } from '../daemon/daemon.js';
import { openLog } from '../daemon/log.js';
import type { Config } from '../model/config.js';
import { EXIT, UsageError } from '../model/errors.js';
import { parseHttpAddress } from '../http/address.js';
import type { HttpServer } from '../http/server.js';
import { type PassFigures, passFigures } from '../metrics/exposition.js';
import { json } from '../report/style.js';
import { answerFile } from '../source/fetched.js';
import { sync } from '../operate/sync.js';
import type { WebOptions } from '../daemon/status-page.js';
import { type CommonOptions, lookOptions } from './options.js';
import type { CommandResult } from './result.js';

export interface WatchCommand extends CommonOptions {
  watch?: boolean;
  schedule?: string;
  dryRun?: boolean;
  confirmWithin?: number;
  deep?: boolean;
  acceptLockout?: boolean;
  /** Where `fetch` has brought the repository to. */
  offline?: string;
  allowPruneAll?: boolean;
  /** Where the status page listens. */
  http?: string;
  httpAllowRemote?: boolean;
}

/**
 * Streams NDJSON to stdout with `--output json`; the log is on stderr. `followed`: the config file whose source the state
 * files come from; absent where a directory was named.
 */
export async function runWatch(
  options: WatchCommand,
  version: string,
  followed: Config | undefined,
): Promise<CommandResult> {
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
  const { confirmWithin } = options;
  const about = lookOptions(options);
  const change = confirmWithin === undefined ? {} : { confirmWithin };
  const pass = { ...about, change, dryRun: false };
  const { source, verify: verification } = followed ?? {};
  const offline = options.offline === undefined ? {} : { offline: resolve(options.offline) };
  let last: PassFigures | undefined;
  const web = await openPage(options, { about, version, lastPass: () => last });
  if (web) log.info({ where: web.where }, 'the status page is there');
  try {
    await runDaemon({
      pass: source ? { ...pass, from: { ...about.from, shownAs: source.path } } : pass,
      when: { watch: options.watch ?? false, schedule: options.schedule },
      ...(source && {
        repository: {
          ask: (ended) =>
            sync({ ...pass, from: { host: options.host, ...offline, source, verification }, ended }),
          ...(offline.offline !== undefined && { fetched: answerFile(offline.offline) }),
        },
      }),
      log,
      emit: (result) => {
        if (stream) process.stdout.write(json({ ...result, exitCode: undefined }, 0));
      },
      passed: (exitCode, milliseconds) => {
        last = passFigures(exitCode, milliseconds, last);
      },
      unread: reader.signal,
    });
  } finally {
    await web?.close();
  }
  return { exitCode: EXIT.ok, out: '' };
}

/** `undefined` where no page is asked for: then nothing of it is read. Throws what keeps it from listening. */
async function openPage(
  { http, httpAllowRemote }: WatchCommand,
  about: Omit<WebOptions, 'address'>,
): Promise<HttpServer | undefined> {
  if (http === undefined) return undefined;
  const address = parseHttpAddress(http, httpAllowRemote ?? false);
  const { openWeb } = await import('../daemon/status-page.js');
  return openWeb({ ...about, address });
}
