// Unattended running: file events, a schedule, signals and a slow timer all say "look again" to one queue.
// What is attached stays attached when the daemon ends: it keeps the state, it is not the state.
import cron from 'node-cron';
import type { Logger } from 'pino';
import { SingleFlight } from './daemon/single-flight.js';
import { StateWatcher } from './daemon/state-watcher.js';
import { requireCapabilities } from './kernel/capabilities.js';
import { InvalidStateError } from './model/diagnostic.js';
import { UsageError, XdpkeepError } from './model/errors.js';
import type { Reconciliation } from './model/reconciliation.js';
import { type ReconcileOptions, reconcile } from './reconcile.js';

export interface DaemonOptions extends ReconcileOptions {
  watch: boolean;
  /** A cron expression, in local time. */
  schedule: string | undefined;
  log: Logger;
  /** Gets every reconciliation. */
  emit: (result: Reconciliation) => void;
}

const QUIET_MS = 200;
/** Drift has no event of its own (somebody's `rm` on the bpffs), and watchers can go deaf. */
const RESYNC_MS = 60_000;

/** Resolves after SIGTERM or SIGINT, when the pass in flight has ended. */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { schedule, log } = options;
  if (schedule !== undefined && !cron.validate(schedule)) {
    throw new UsageError(`"${schedule}" is not a cron expression`, { hint: 'Write it like "*/5 * * * *".' });
  }
  requireCapabilities();
  const queue = new SingleFlight((causes) => pass(causes, options), QUIET_MS);
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
  const resync = setInterval(() => {
    queue.trigger('timer');
  }, RESYNC_MS);
  const hangup = () => {
    queue.trigger('SIGHUP');
  };
  process.on('SIGHUP', hangup);

  queue.trigger('start');
  const signal = await endSignal();
  process.off('SIGHUP', hangup);
  clearInterval(resync);
  await task?.destroy();
  await watcher?.close();
  await queue.close();
  log.info({ signal }, 'stopped; what is attached stays attached');
}

async function pass(causes: string[], options: DaemonOptions): Promise<void> {
  const { log } = options;
  try {
    const result = await reconcile(options);
    options.emit(result);
    logResult(result, causes, log);
  } catch (error) {
    // What runs keeps running; the next event, or the timer, tries again.
    const known = error instanceof XdpkeepError;
    log.error({ causes, ...(known ? { hint: error.hint } : { bug: error }) }, (error as Error).message);
    if (error instanceof InvalidStateError) {
      for (const { at, summary, detail } of error.diagnostics) log.error({ ...at, detail }, summary);
    }
  }
}

/** One line per change or trouble; "nothing to do" is for those who debug. */
function logResult(result: Reconciliation, causes: string[], log: Logger): void {
  for (const step of result.steps) {
    const { interface: name, action, reason, outcome, error, hint } = step;
    if (outcome === 'unchanged') continue;
    log[error === undefined ? 'info' : 'error'](
      { interface: name, action, reason, outcome, error, hint },
      'step',
    );
  }
  for (const warning of result.warnings) log.debug(warning);
  const { generation, changed, exitCode } = result;
  log[changed ? 'info' : 'debug']({ generation, changed, exitCode, causes }, 'reconciled');
}

/** The handlers stay: a second signal must not end the pass that the first one waits for. */
function endSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.on('SIGTERM', resolve);
    process.on('SIGINT', resolve);
  });
}
