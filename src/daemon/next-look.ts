// When to look again though nothing happens: every minute, since drift has no event of its own (somebody's `rm` on the
// bpffs) and watchers can go deaf; sooner after a pass that failed for a reason that may be over by then.
import { EXIT, type ExitCode, XdpkeepError } from '../model/errors.js';
import type { Reconciliation } from '../model/reconciliation.js';

const RESYNC_MS = 60_000;
/** Before the first new try; twice as long before each later one. */
const FIRST_RETRY_MS = 1000;

/** These are answers: the same question would get the same one until something changes, and that has its own event. */
const ANSWERS = new Set<ExitCode>([
  EXIT.invalidState,
  EXIT.hostNotFound,
  EXIT.refused,
  EXIT.pruneGuard,
  EXIT.pendingConfirm,
  EXIT.held,
]);

export class NextLook {
  readonly #look: (cause: 'timer' | 'retry') => void;
  readonly #steady: NodeJS.Timeout;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #closed = false;

  constructor(look: (cause: 'timer' | 'retry') => void) {
    this.#look = look;
    // Events do not put it off: where they never rest, the remote has to be asked all the same.
    this.#steady = setInterval(() => {
      look('timer');
    }, RESYNC_MS);
  }

  /** After a pass: what came of it. */
  after(outcome: Reconciliation | Error): void {
    this.#failures = isWorthRetrying(outcome) ? this.#failures + 1 : 0;
    clearTimeout(this.#retry);
    const delay = FIRST_RETRY_MS * 2 ** (this.#failures - 1);
    if (this.#closed || this.#failures === 0 || delay >= RESYNC_MS) return;
    this.#retry = setTimeout(() => {
      this.#look('retry');
    }, delay);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#steady);
    clearTimeout(this.#retry);
  }
}

function isWorthRetrying(outcome: Reconciliation | Error): boolean {
  if (outcome instanceof XdpkeepError) return !ANSWERS.has(outcome.exitCode);
  if (outcome instanceof Error) return true;
  return outcome.steps.some(({ outcome: became, error }) => became === 'failed' && error !== undefined);
}
