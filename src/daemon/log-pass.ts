// Logs the passes of the daemon. Nobody reads their reports, so the log carries the compiler's and verifier's output and
// the hints. A problem that persists is logged once, and again when it changes: there is a pass every minute.
import type { Logger } from 'pino';
import { InvalidStateError } from '../model/diagnostic.js';
import { XdpkeepError } from '../model/errors.js';
import { pendingWords } from '../model/pending.js';
import type { Reconciliation, ReportedStep } from '../model/reconciliation.js';
import { holdLine, lastLines } from '../report/reconciliation.js';
import { suspensionLine } from '../report/suspension.js';

type Level = 'debug' | 'info' | 'warn' | 'error';

/** One line, before it is known whether it is news. */
interface Line {
  level: Level;
  fields: object;
  message: string;
}

export class PassLog {
  readonly #log: Logger;
  /** Lines of the last pass that would be the same in the next one. */
  #lastLines = new Set<string>();
  #failing = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** One line per change or trouble; "nothing to do" is for those who debug. */
  result(result: Reconciliation, causes: string[]): void {
    const { trial, pending, generation, changed, exitCode, steps, source } = result;
    if (this.#failing) this.#log.info({ causes }, 'passes succeed again');
    this.#failing = false;
    for (const step of steps.filter(({ outcome }) => outcome === 'done')) {
      this.#write(stepLine(step, { generation }));
    }
    if (trial?.failure !== undefined) this.#log.error({ rolledBackIn: trial.rolledBackIn }, trial.failure);
    if (pending && changed) this.#log.warn(pendingWords(pending));
    for (const warning of result.warnings) this.#log.debug(warning);
    this.#log.debug({ generation, changed, exitCode, causes }, 'reconciled');
    this.#writeNew([
      ...steps.filter(({ outcome }) => outcome !== 'done').map((step) => stepLine(step, {})),
      ...result.interfaces
        .filter(({ condition }) => NEWS.has(condition))
        .map(({ name, condition, reason }): Line => {
          return { level: 'warn', fields: { interface: name, condition }, message: reason };
        }),
      ...(result.hold ? [warning(holdLine(result.hold))] : []),
      ...(result.suspensions ?? []).map((one) => warning(suspensionLine(one))),
      ...(source && source.condition !== 'Current'
        ? [warning(`${source.condition}: ${source.reason ?? ''}`, { commit: source.revision.commit })]
        : []),
    ]);
  }

  /** A pass that ended early. What runs keeps running; the next event, or the timer, tries again. */
  failure(error: unknown, causes: string[]): void {
    this.#failing = true;
    if (!(error instanceof XdpkeepError)) {
      this.#log.error({ causes, bug: error }, error instanceof Error ? error.message : String(error));
      return;
    }
    this.#log.debug({ causes }, error.message);
    this.#writeNew(failureLines(error));
  }

  /** What was not said of the pass before. */
  #writeNew(lines: Line[]): void {
    const before = this.#lastLines;
    this.#lastLines = new Set(lines.map((line) => JSON.stringify(line)));
    for (const line of lines) if (!before.has(JSON.stringify(line))) this.#write(line);
  }

  #write({ level, fields, message }: Line): void {
    this.#log[level](fields, message);
  }
}

function stepLine(step: ReportedStep, more: object): Line {
  const { interface: name, action, reason, outcome, error, hint } = step;
  const log = step.log === undefined ? undefined : lastLines(step.log).join('\n');
  const fields = { interface: name, action, reason, outcome, error, hint, log, ...more };
  return { level: LEVELS[outcome], fields, message: 'step' };
}

/** Of an interface that has no step, or whose step was not done. */
const NEWS: ReadonlySet<string> = new Set(['Pending', 'Drifted', 'Missing']);

const LEVELS: Record<ReportedStep['outcome'], Level> = {
  planned: 'info',
  suspended: 'info',
  done: 'info',
  unchanged: 'debug',
  failed: 'error',
  undone: 'error',
  refused: 'error',
};

function warning(message: string, fields: object = {}): Line {
  return { level: 'warn', fields, message };
}

function failureLines(error: XdpkeepError): Line[] {
  const { message, hint, log, warnings } = error;
  const diagnostics = error instanceof InvalidStateError ? error.diagnostics : [];
  return [
    ...warnings.map((one) => warning(one)),
    { level: 'error', fields: { hint, log }, message },
    ...diagnostics.map(({ severity, at, summary, detail, hint, log }): Line => {
      const level = severity === 'error' ? 'error' : 'warn';
      return { level, fields: { ...at, detail, hint, log }, message: summary };
    }),
  ];
}
