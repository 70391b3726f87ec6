// Counts the flows of a table in one reading, and keeps one page of them: what it takes does not grow with the table.
import {
  FLOW_STATES,
  type FlowFilter,
  type FlowState,
  type KnownFlow,
  type TableCount,
} from '../../model/connection-table.js';
import {
  describeFlow,
  type FlowBatch,
  isMeant,
  lifeOf,
  protocolName,
  protocolOf,
  silence,
  stateOf,
} from './flow-entry.js';

export interface Page {
  /** Flows that are left out before it. */
  skip: number;
  /** The most that it has. */
  limit: number;
}

/** Counts without a page. */
export const NO_PAGE: Page = { skip: 0, limit: 0 };

/** What a table holds, whatever the filter says. */
export type TableContent = Pick<TableCount, 'known' | 'over' | 'states' | 'longestSilent'>;

export class Census {
  /** Flows that are not over and that the filter leaves. */
  matched = 0;
  readonly page: KnownFlow[] = [];
  /** By protocol and state, in one number. */
  readonly #matched = new Map<number, number>();

  constructor(
    private readonly filter: FlowFilter,
    private readonly wanted: Page,
  ) {}

  /** Of all that was added. */
  get counts(): { protocol: string; state: FlowState; connections: number }[] {
    return [...this.#matched]
      .sort(([a], [b]) => a - b)
      .map(([key, connections]) => ({
        protocol: protocolName(Math.floor(key / FLOW_STATES.length)),
        state: FLOW_STATES[key % FLOW_STATES.length] ?? 'unanswered',
        connections,
      }));
  }

  /**
   * Reads a whole table. `now`: ns, monotonic clock. `meet` is told of each flow that the filter leaves, while its batch is there.
   */
  add(
    batches: Iterable<FlowBatch>,
    now: number,
    meet?: (batch: FlowBatch, at: number) => void,
  ): TableContent {
    const states = new Uint32Array(FLOW_STATES.length);
    let [known, over, longest] = [0, 0, 0];
    for (const batch of batches) {
      for (let at = 0; at < batch.count; at++) {
        const silent = silence(batch, at, now);
        if (silent > lifeOf(batch, at)) {
          over++;
          continue;
        }
        known++;
        longest = Math.max(longest, silent);
        const state = stateOf(batch, at);
        states[state] = (states[state] ?? 0) + 1;
        if (!isMeant(batch, at, this.filter)) continue;
        this.#take(batch, at, state, now);
        meet?.(batch, at);
      }
    }
    return { known, over, states: byName(states), ...(known > 0 && { longestSilent: Math.round(longest) }) };
  }

  #take(batch: FlowBatch, at: number, state: number, now: number): void {
    const key = protocolOf(batch, at) * FLOW_STATES.length + state;
    this.#matched.set(key, (this.#matched.get(key) ?? 0) + 1);
    const { skip, limit } = this.wanted;
    if (this.matched >= skip && this.page.length < limit) this.page.push(describeFlow(batch, at, now));
    this.matched++;
  }
}

function byName(states: Uint32Array): TableContent['states'] {
  const found = FLOW_STATES.flatMap((name, at) => {
    const count = states[at] ?? 0;
    return count === 0 ? [] : [[name, count] as const];
  });
  return Object.fromEntries(found);
}
