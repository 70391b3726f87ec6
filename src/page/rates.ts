// Rates from counters that only grow: the last ten minutes of each row, for the table and the plots.
import type { RuleCounters } from '../model/rule-counters.js';

/** Samples that are kept: ten minutes at one every two seconds. */
const KEPT = 300;

interface RowRates {
  rule: string;
  drops: boolean;
  /** Packets a second, one for each of the times of the interface. */
  values: number[];
  /** Now. */
  packets: number;
}

export interface InterfaceRates {
  /** Seconds since 1970. */
  times: number[];
  rows: RowRates[];
}

interface Seen {
  time: number;
  packets: ReadonlyMap<string, number>;
}

export class Rates {
  readonly #interfaces = new Map<string, InterfaceRates>();
  readonly #before = new Map<string, Seen>();

  /** `now` in milliseconds. */
  add({ interfaces }: RuleCounters, now: number): void {
    for (const gone of [...this.#interfaces.keys()].filter(
      (one) => !interfaces.some(({ name }) => name === one),
    )) {
      this.#interfaces.delete(gone);
      this.#before.delete(gone);
    }
    for (const { name, rules } of interfaces) {
      const before = this.#before.get(name);
      this.#before.set(name, { time: now, packets: new Map(rules.map((rule) => [rule.name, rule.packets])) });
      if (!before || now <= before.time) continue;
      const had = this.#interfaces.get(name) ?? { times: [], rows: [] };
      const seconds = (now - before.time) / 1000;
      const rows = rules.map((rule): RowRates => {
        const known = had.rows.find((row) => row.rule === rule.name)?.values ?? had.times.map(() => 0);
        const packets = Math.max(0, rule.packets - (before.packets.get(rule.name) ?? 0)) / seconds;
        return { rule: rule.name, drops: rule.drops, values: [...known, packets].slice(-KEPT), packets };
      });
      this.#interfaces.set(name, { times: [...had.times, now / 1000].slice(-KEPT), rows });
    }
  }

  of(name: string): InterfaceRates | undefined {
    return this.#interfaces.get(name);
  }
}
