// Polls the counters of all interfaces that run a policy: one system call for each interface, whatever the number of its
// rules. What the rules do with a packet is read from the record, once for each instance.
import { recordedPolicy } from '../journal/running.js';
import { readCounters, readRows } from '../kernel/counters.js';
import type { Fd } from '../kernel/fd.js';
import { pinPathsOf } from '../kernel/pin-paths.js';
import { openPin } from '../kernel/pinned.js';
import { type OwnedInterface, runningInstance } from '../model/observed.js';
import type { ConnectionsStatus } from '../model/connection-table.js';
import type { Policy } from '../model/policy.js';
import { type Reading, Rates } from '../model/rates.js';
import type { InterfaceTraffic, RuleTraffic, Traffic } from '../model/traffic.js';
import { connectionsStatus } from '../pass/count-connections.js';
import { rowsOf } from '../model/rows.js';
import { rowVerdict } from '../policy/row-verdict.js';
import { RunningPolicies } from './running-policies.js';

/** Looks that a history reaches back. */
const DEPTH = 60;

/** Milliseconds between two countings of connections, which read whole tables. */
const COUNT_AGAIN = 5000;

interface Watched {
  name: string;
  counters: Fd;
  rows: { rule: string; slot: number; action: string; key: string }[];
  slots: number;
}

export class TrafficReader implements Disposable {
  readonly #rates = new Rates(DEPTH);
  readonly #running: RunningPolicies;
  #watched: Watched[] = [];
  #connections: ConnectionsStatus | undefined;
  #counted = -Infinity;

  /** `only`: one interface. Throws a UsageError when nothing wanted runs a policy. */
  constructor(
    private readonly bpffs: string,
    private readonly dataDir: string,
    only?: string,
  ) {
    this.#running = new RunningPolicies(bpffs, only);
  }

  /** Rates are those since the last call; the first one has none. */
  look(): Traffic {
    const running = this.#running.look();
    if (running) {
      this.#forget();
      this.#watched = running.flatMap((one) => this.#watch(one));
    }
    const read = this.#watched.map((one) => ({ one, counts: readCounters(one.counters.number, one.slots) }));
    const readings = read.flatMap(({ one, counts }) => readingsOf(one, counts));
    this.#rates.update(performance.now(), readings);
    const byKey = new Map(readings.map((reading) => [reading.key, reading]));
    const connections = this.#countConnections();
    return {
      time: Date.now(),
      interfaces: this.#watched.map((one) => this.#traffic(one, byKey)),
      ...(connections && { connections }),
    };
  }

  #countConnections(): ConnectionsStatus | undefined {
    if (performance.now() - this.#counted < COUNT_AGAIN) return this.#connections;
    this.#connections = connectionsStatus(pinPathsOf(this.bpffs), []);
    this.#counted = performance.now();
    return this.#connections;
  }

  [Symbol.dispose](): void {
    this.#forget();
  }

  #forget(): void {
    for (const { counters } of this.#watched.splice(0)) counters[Symbol.dispose]();
  }

  #watch(owned: OwnedInterface): Watched[] {
    const paths = pinPathsOf(this.bpffs);
    const { name } = owned;
    const counters = openPin(paths.counters(name));
    if (!counters) return [];
    const policy = this.#policyOf(owned);
    const slots = new Map(readRows(paths, name).map(({ row, slot }) => [row, slot]));
    const wanted = policy ? rowsOf(policy) : [...slots.keys()];
    const rows = wanted.flatMap((rule) => {
      const slot = slots.get(rule);
      const action = policy === undefined ? '?' : doneBy(policy, rule);
      return slot === undefined ? [] : [{ rule, slot, action, key: keyOf(name, rule) }];
    });
    const most = rows.reduce((highest, { slot }) => Math.max(highest, slot), 0);
    return [{ name, counters, rows, slots: most + 1 }];
  }

  #policyOf(owned: OwnedInterface): Policy | undefined {
    const instance = runningInstance(owned);
    return instance && recordedPolicy(this.dataDir, instance.digest)?.policy;
  }

  #traffic(one: Watched, byKey: ReadonlyMap<string, Reading>): InterfaceTraffic {
    const rules = one.rows.map(({ rule, action, key }): RuleTraffic => {
      const { packets = 0, bytes = 0 } = byKey.get(key) ?? {};
      return { rule, action, packets, bytes, ...this.#rates.rate(key), history: this.#rates.history(key) };
    });
    const whole = keyOf(one.name);
    const { packets = 0, bytes = 0 } = byKey.get(whole) ?? {};
    const rate = this.#rates.rate(whole);
    const dropped = rules
      .filter(({ action }) => action === 'drop' || action === 'reject')
      .reduce((sum, { packetsPerSecond }) => sum + packetsPerSecond, 0);
    const dropShare = rate.packetsPerSecond > 0 ? dropped / rate.packetsPerSecond : 0;
    const history = this.#rates.history(whole);
    return { interface: one.name, packets, bytes, ...rate, dropShare, history, rules };
  }
}

/** Of every row, and of the interface as a whole. */
function readingsOf({ name, rows }: Watched, counts: Float64Array): Reading[] {
  const readings = rows.map(({ key, slot }) => ({
    key,
    packets: counts[slot * 2] ?? 0,
    bytes: counts[slot * 2 + 1] ?? 0,
  }));
  const whole = { key: keyOf(name), packets: 0, bytes: 0 };
  rows.forEach(({ action }, at) => {
    if (action === 'count' || action === 'next') return; // another row counts them as well
    whole.packets += readings[at]?.packets ?? 0;
    whole.bytes += readings[at]?.bytes ?? 0;
  });
  return [whole, ...readings];
}

/** Neither an interface nor a rule has a line break in its name. */
function keyOf(interface_: string, rule = ''): string {
  return `${interface_}\n${rule}`;
}

function doneBy(policy: Policy, row: string): string {
  const { says, does } = rowVerdict(policy, row);
  return does === says ? does : 'audit';
}
