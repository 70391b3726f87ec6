// The daemon: file events, interface events, a schedule, signals and a timer ask one queue for another pass. What is
// attached stays attached when the daemon ends.
import type { Logger } from 'pino';
import { InterfaceWatcher } from './interface-watcher.js';
import { PassLog } from './log-pass.js';
import { NextLook } from './next-look.js';
import { parseSchedule, Schedule } from './schedule.js';
import { Service } from './service.js';
import { SingleFlight } from './single-flight.js';
import { StateWatcher } from './state-watcher.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { EXIT, type ExitCode, XdpkeepError } from '../model/errors.js';
import type { Reconciliation } from '../model/reconciliation.js';
import type { ReconcileOptions } from '../model/pass-options.js';
import { reconcile } from '../pass/reconcile.js';
import type { Synced } from '../operate/sync.js';
import { conditionLine } from '../report/reconciliation.js';

export interface DaemonOptions {
  pass: ReconcileOptions;
  when: Occasions;
  /** Where the state files come from; absent where they come from no repository. */
  repository?: FollowedRepository;
  log: Logger;
  /** Gets every reconciliation. */
  emit: (result: Reconciliation) => void;
  /** Is told of the end of every pass, also of one that failed. `milliseconds`: how long it took. */
  passed: (exitCode: ExitCode, milliseconds: number) => void;
  /** Ends the daemon as SIGTERM does: nobody reads what it emits any more. */
  unread: AbortSignal;
}

interface Occasions {
  /** Follow the state directory and the interfaces, and look once a minute besides. Without it: start, schedule, SIGHUP. */
  watch: boolean;
  /** A cron expression, in local time. */
  schedule: string | undefined;
}

interface FollowedRepository {
  /** Asks it, and reconciles. */
  ask: (ended: AbortSignal) => Promise<Synced>;
  /** A file that is replaced when somebody else has asked the remote; absent where this process does. */
  fetched?: string;
}

const PATIENCE = { quietMs: 200, longestMs: 2000 };

/** Resolves after SIGTERM or SIGINT, when the pass in flight has ended. */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { log } = options;
  const { watch, schedule } = options.when;
  const times = schedule === undefined ? undefined : parseSchedule(schedule);
  requireCapabilities();
  const passLog = new PassLog(log);
  const ending = new AbortController();
  const queue = new SingleFlight(async (causes) => {
    const begun = performance.now();
    const outcome = await pass(causes, options, passLog, ending.signal);
    options.passed(exitCodeOf(outcome), performance.now() - begun);
    service.passed(outcome instanceof Error ? outcome.message : conditionLine(outcome));
    watchers?.next.after(outcome);
  }, PATIENCE);
  const service = new Service(() => queue.busyMs());
  const look = (cause: string) => {
    queue.trigger(cause);
  };
  const watchers = watch ? openWatchers(options, look) : undefined;
  const asked =
    times &&
    new Schedule(
      times,
      () => {
        look('schedule');
      },
      (by) => {
        const seconds = Math.round(Math.abs(by) / 1000);
        log.info(
          { seconds },
          `the clock was set ${by > 0 ? 'forward' : 'back'}: the schedule goes on from there`,
        );
      },
    );
  const hangup = () => {
    look('SIGHUP');
  };
  process.on('SIGHUP', hangup);

  look('start');
  const reason = await end(options.unread);
  service.stopping();
  ending.abort();
  process.off('SIGHUP', hangup);
  asked?.close();
  watchers?.next.close();
  const { state, fetched, interfaces } = watchers ?? {};
  await Promise.all([state?.close(), fetched?.close(), interfaces?.close(), queue.close()]);
  log.info({ reason }, 'stopped; what is attached stays attached');
}

function openWatchers({ pass, repository, log }: DaemonOptions, look: (cause: string) => void) {
  const { fetched } = repository ?? {};
  const lost = (reason: string, pause: number) => {
    log.warn({ again: `in ${pause / 1000} s` }, `interfaces are looked at every minute alone: ${reason}`);
  };
  return {
    next: new NextLook(look),
    state: new StateWatcher(pass.from.stateDir, () => {
      look('state files');
    }),
    fetched:
      fetched === undefined
        ? undefined
        : new StateWatcher(
            fetched,
            () => {
              look('fetched');
            },
            'replacement',
          ),
    interfaces: new InterfaceWatcher(() => {
      look('interfaces');
    }, lost),
  };
}

async function pass(
  causes: string[],
  options: DaemonOptions,
  log: PassLog,
  ended: AbortSignal,
): Promise<Reconciliation | Error> {
  try {
    const isAsked = causes.some((cause) => asksRemote(cause, options.when));
    const asked = isAsked ? await options.repository?.ask(ended) : undefined;
    const result = asked?.result ?? (await reconcile(options.pass));
    options.emit(result);
    log.result(result, causes);
    return result;
  } catch (error) {
    log.failure(error, causes);
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** What happens here says nothing about the repository. Without times of its own it is asked every minute. */
function asksRemote(cause: string, { schedule }: Occasions): boolean {
  return !['state files', 'interfaces', ...(schedule === undefined ? [] : ['timer'])].includes(cause);
}

function exitCodeOf(outcome: Reconciliation | Error): ExitCode {
  if (!(outcome instanceof Error) || outcome instanceof XdpkeepError) return outcome.exitCode;
  return EXIT.bug;
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
