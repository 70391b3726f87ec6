// What systemd is told (sd_notify): READY after the first pass, STATUS after each one, STOPPING, and a watchdog ping only
// while passes go on in time.
import { tellServiceManager, watchdogInterval } from '../kernel/service-manager.js';
import { oneLine } from '../text/one-line.js';

/** A pass that takes longer hangs: its tools, probes and transfers all have limits below. Milliseconds. */
export const LONGEST_PASS = 600_000;

/** systemd cuts a status where it likes; this is what `systemctl status` shows well. */
const LONGEST_STATUS = 200;

export class Service {
  #ready = false;
  #stopping = false;
  readonly #alive: NodeJS.Timeout | undefined;

  /** `busy`: for how long the pass in flight has run, in milliseconds; 0 when there is none. */
  constructor(busy: () => number) {
    const interval = watchdogInterval();
    if (interval === undefined) return;
    this.#alive = setInterval(() => {
      if (busy() < LONGEST_PASS) tellServiceManager(['WATCHDOG=1']);
    }, interval / 2);
  }

  /** After a pass. READY=1 is said until it was heard. */
  passed(status: string): void {
    if (this.#stopping) return;
    const lines = [...(this.#ready ? [] : ['READY=1']), `STATUS=${oneLine(status, LONGEST_STATUS)}`];
    this.#ready = tellServiceManager(lines) || this.#ready;
  }

  stopping(): void {
    this.#stopping = true;
    clearInterval(this.#alive);
    tellServiceManager(['STOPPING=1', 'STATUS=stopping; what is attached stays attached']);
  }
}
