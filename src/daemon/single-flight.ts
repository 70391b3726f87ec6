// One run at a time. Triggers that arrive before it starts or while it runs become one more run: level-triggered, so
// the last one sees everything that all of them wanted to say.

export class SingleFlight {
  readonly #run: (causes: string[]) => Promise<void>;
  readonly #quietMs: number;
  #causes = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #flight: Promise<void> | undefined;
  #closed = false;

  /** `quietMs`: how long no trigger must come before a run starts, so that a burst of events is one run. */
  constructor(run: (causes: string[]) => Promise<void>, quietMs: number) {
    this.#run = run;
    this.#quietMs = quietMs;
  }

  trigger(cause: string): void {
    if (this.#closed) return;
    this.#causes.add(cause);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#start();
    }, this.#quietMs);
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
    this.#flight = this.#run(causes).finally(() => {
      this.#flight = undefined;
      if (!this.#closed) this.#start();
    });
  }
}
