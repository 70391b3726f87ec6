// One run at a time. Triggers that arrive before it starts or while it runs become one more run: level-triggered, so
// the last one sees everything that all of them wanted to say.

export interface Patience {
  /** How long no trigger must come before a run starts, so that a burst of events is one run. Milliseconds. */
  quietMs: number;
  /** After this long a run starts though triggers keep coming: something that never rests must not hide the rest. */
  longestMs: number;
}

export class SingleFlight {
  readonly #run: (causes: string[]) => Promise<void>;
  readonly #patience: Patience;
  #causes = new Set<string>();
  /** When the first of `#causes` came. */
  #since = 0;
  #timer: NodeJS.Timeout | undefined;
  #flight: Promise<void> | undefined;
  /** When the run in flight began. */
  #begun = 0;
  #closed = false;

  constructor(run: (causes: string[]) => Promise<void>, patience: Patience) {
    this.#run = run;
    this.#patience = patience;
  }

  trigger(cause: string): void {
    if (this.#closed) return;
    const now = performance.now();
    if (this.#causes.size === 0) this.#since = now;
    this.#causes.add(cause);
    clearTimeout(this.#timer);
    const { quietMs, longestMs } = this.#patience;
    this.#timer = setTimeout(
      () => {
        this.#start();
      },
      Math.min(quietMs, this.#since + longestMs - now),
    );
  }

  /** For how long the run in flight has been at it, in milliseconds; 0 when there is none. */
  busyMs(): number {
    return this.#flight ? performance.now() - this.#begun : 0;
  }

  /** Lets the run in flight finish, and starts no other. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#flight;
  }

  #start(): void {
    if (this.#flight || this.#causes.size === 0) return;
    const causes = [...this.#causes];
    this.#causes.clear();
    this.#begun = performance.now();
    this.#flight = this.#run(causes).finally(() => {
      this.#flight = undefined;
      if (!this.#closed) this.#start();
    });
  }
}
