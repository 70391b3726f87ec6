// What counters say over time: two looks make a rate, many make a history.

/** One counter, as it stood at one look. */
export interface Reading {
  key: string;
  packets: number;
  /** Of frames. */
  bytes: number;
}

export interface Rate {
  packetsPerSecond: number;
  bitsPerSecond: number;
}

const NO_RATE: Rate = { packetsPerSecond: 0, bitsPerSecond: 0 };

interface Known {
  packets: number;
  bytes: number;
  rate: Rate;
  /** Packets per second at the last looks, oldest first. */
  history: number[];
  look: number;
}

/** Remembers the counters of one look for the next one. */
export class Rates {
  readonly #known = new Map<string, Known>();
  #at: number | undefined;
  #look = 0;

  /** `depth`: looks that a history reaches back. */
  constructor(private readonly depth: number) {}

  /** `at`: milliseconds of a clock that never goes back. What is not among the readings is forgotten. */
  update(at: number, readings: readonly Reading[]): void {
    const seconds = this.#at === undefined ? 0 : (at - this.#at) / 1000;
    this.#at = at;
    this.#look++;
    for (const { key, packets, bytes } of readings) {
      const before = this.#known.get(key);
      // A counter that went back belongs to something else now.
      const goes = before && seconds > 0 && packets >= before.packets && bytes >= before.bytes;
      const rate = goes
        ? {
            packetsPerSecond: (packets - before.packets) / seconds,
            bitsPerSecond: ((bytes - before.bytes) * 8) / seconds,
          }
        : NO_RATE;
      const history = before?.history ?? [];
      if (before) history.push(rate.packetsPerSecond);
      if (history.length > this.depth) history.shift();
      this.#known.set(key, { packets, bytes, rate, history, look: this.#look });
    }
    for (const [key, { look }] of this.#known) if (look !== this.#look) this.#known.delete(key);
  }

  rate(key: string): Rate {
    return this.#known.get(key)?.rate ?? NO_RATE;
  }

  history(key: string): readonly number[] {
    return this.#known.get(key)?.history ?? [];
  }
}
