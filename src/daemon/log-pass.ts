// What one pass of the daemon leaves in the log. Nobody reads its report, so the log says all that the report would:
// what the compiler and the verifier said, and what to do.
import type { Logger } from 'pino';
import { InvalidStateError } from '../model/diagnostic.js';
import { XdpkeepError } from '../model/errors.js';
import type { Reconciliation } from '../model/reconciliation.js';
import { lastLines } from '../report/reconciliation.js';
import { pendingWords } from '../model/pending.js';

/** One line per change or trouble; "nothing to do" is for those who debug. */
export function logResult(result: Reconciliation, causes: string[], log: Logger): void {
  for (const step of result.steps) {
    const { interface: name, action, reason, outcome, error, hint } = step;
    if (outcome === 'unchanged') continue;
    const said = step.log === undefined ? undefined : lastLines(step.log).join('\n');
    log[error === undefined ? 'info' : 'error'](
      { interface: name, action, reason, outcome, error, hint, log: said },
      'step',
    );
  }
  for (const warning of result.warnings) log.debug(warning);
  const { trial, pending, generation, changed, exitCode } = result;
  if (trial?.failure !== undefined) log.error({ rolledBackIn: trial.rolledBackIn }, trial.failure);
  if (pending && changed) log.warn(pendingWords(pending));
  log[changed ? 'info' : 'debug']({ generation, changed, exitCode, causes }, 'reconciled');
}

/** A pass that ended early. What runs keeps running; the next event, or the timer, tries again. */
export function logFailure(error: unknown, causes: string[], log: Logger): void {
  if (!(error instanceof XdpkeepError)) {
    log.error({ causes, bug: error }, error instanceof Error ? error.message : String(error));
    return;
  }
  const { log: said } = error as { log?: string };
  log.error({ causes, hint: error.hint, log: said }, error.message);
  if (!(error instanceof InvalidStateError)) return;
  for (const { severity, at, summary, detail, hint, log: output } of error.diagnostics) {
    log[severity === 'error' ? 'error' : 'warn']({ ...at, detail, hint, log: output }, summary);
  }
}
