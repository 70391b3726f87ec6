// Unattended running: file events, a schedule, signals and, when watching, a slow timer say "look again" to one queue.
// What is attached stays attached when the daemon ends: it keeps the state, it is not the state.
import cron from 'node-cron';
import type { Logger } from 'pino';
import { logFailure, logResult } from './daemon/log-pass.js';
import { SingleFlight } from './daemon/single-flight.js';
import { StateWatcher } from './daemon/state-watcher.js';
import { requireCapabilities } from './kernel/capabilities.js';
import { UsageError } from './model/errors.js';
import type { Reconciliation } from './model/reconciliation.js';
import type { ReconcileOptions } from './goal.js';
import { reconcile } from './reconcile.js';

export interface DaemonOptions extends ReconcileOptions {
  /** Follow the state directory, and look once a minute besides. Without it: start, schedule and SIGHUP alone. */
  watch: boolean;
  /** A cron expression, in local time. */
  schedule: string | undefined;
  log: Logger;
  /** Gets every reconciliation. */
  emit: (result: Reconciliation) => void;
  /** Ends the daemon as SIGTERM does: nobody reads what it emits any more. */
  unread: AbortSignal;
}

const PATIENCE = { quietMs: 200, longestMs: 2000 };
/** Drift has no event of its own (somebody's `rm` on the bpffs), and watchers can go deaf. */
const RESYNC_MS = 60_000;

/** Resolves after SIGTERM or SIGINT, when the pass in flight has ended. */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { schedule, log } = options;
  if (schedule !== undefined && !cron.validate(schedule)) {
    throw new UsageError(`"${schedule}" is not a cron expression`, { hint: 'Write it like "*/5 * * * *".' });
  }
  requireCapabilities();
  const queue = new SingleFlight((causes) => pass(causes, options), PATIENCE);
  const watcher = options.watch
    ? new StateWatcher(options.stateDir, () => {
        queue.trigger('state files');
      })
    : undefined;
  const task =
    schedule === undefined
      ? undefined
      : cron.schedule(schedule, () => {
          queue.trigger('schedule');
        });
  const resync = options.watch
    ? setInterval(() => {
        queue.trigger('timer');
      }, RESYNC_MS)
    : undefined;
  const hangup = () => {
    queue.trigger('SIGHUP');
  };
  process.on('SIGHUP', hangup);

  queue.trigger('start');
  const reason = await end(options.unread);
  process.off('SIGHUP', hangup);
  clearInterval(resync);
  await task?.destroy();
  await watcher?.close();
  await queue.close();
  log.info({ reason }, 'stopped; what is attached stays attached');
}

async function pass(causes: string[], options: DaemonOptions): Promise<void> {
  const { log } = options;
  try {
    const result = await reconcile(options);
    options.emit(result);
    logResult(result, causes, log);
  } catch (error) {
    logFailure(error, causes, log);
  }
}

/** The handlers stay: a second signal must not end the pass that the first one waits for. */
function end(unread: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    process.on('SIGTERM', resolve);
    process.on('SIGINT', resolve);
    const left = () => {
      resolve('the reader left');
    };
    if (unread.aborted) left();
    else unread.addEventListener('abort', left);
  });
}
