// The tables of the connections of a host, and the program that fills them: one of each for all interfaces.
import { type ConnectionMaps, createConnectionTable, loadEgress, seedConnections } from '../kernel/egress.js';
import type { Fd } from '../kernel/fd.js';
import type { PinPaths } from '../kernel/pin-paths.js';
import { openMap, openPin } from '../kernel/pinned.js';
import { CONNECTION_TABLES, type ConnectionTable, MOST_CONNECTIONS } from '../model/connections.js';
import { type ObservedState, runningInstance } from '../model/observed.js';
import type { Candidate } from './candidate.js';

/** Behind the name of the function: the one for interfaces without an Ethernet header (bpf/egress.bpf.c). */
const WITHOUT_ETHERNET = '_ip';

/** The program that records, as it ships. */
export interface ShippedProgram {
  bytes: Uint8Array;
  function: string;
}

/** Keeps what it opens until it is disposed of. */
export class SharedConnections implements Disposable {
  readonly #open = new Map<ConnectionTable, Fd>();
  readonly #egress = new Map<string, Candidate>();
  /** Nothing has been written into a table yet. */
  #isNew = false;

  /** Without a layout, nothing that is pinned is used. */
  constructor(
    private readonly pinPaths?: PinPaths,
    private readonly observed?: ObservedState,
  ) {}

  /** Those that are pinned, or new ones, which hold what is open: flows that must live are asked for before anything is attached. */
  tables(): ConnectionMaps {
    const [opened, served] = CONNECTION_TABLES.map((table) => this.#table(table));
    if (!opened || !served) throw new Error('a table of connections has no name');
    const tables = { opened, served };
    if (this.#isNew) seedConnections(tables);
    this.#isNew = false;
    return tables;
  }

  /**
   * What is attached for recording, on an interface with an Ethernet header or without. Throws an EnvironmentError on a kernel where it
   * cannot be.
   */
  egress({ bytes, function: function_ }: ShippedProgram, noEthernet: boolean): Candidate {
    const name = noEthernet ? function_ + WITHOUT_ETHERNET : function_;
    const known = this.#egress.get(name);
    if (known) return known;
    const loaded = { object: loadEgress(bytes, name, this.tables()) };
    this.#egress.set(name, loaded);
    return loaded;
  }

  #table(table: ConnectionTable): Fd {
    const found = this.#open.get(table) ?? this.#pinned(table);
    if (!found) this.#isNew = true;
    const map = found ?? createConnectionTable(table, MOST_CONNECTIONS / CONNECTION_TABLES.length);
    this.#open.set(table, map);
    return map;
  }

  /** Beside its own pin, each instance that asks has one. */
  #pinned(table: ConnectionTable): Fd | undefined {
    const own = this.pinPaths && openPin(this.pinPaths.connectionTable(table));
    if (own) return own;
    const maps = this.observed?.owned.flatMap((one) => runningInstance(one)?.maps ?? []) ?? [];
    const id = maps.find(({ name }) => name === table)?.id;
    return id === undefined ? undefined : openMap(id);
  }

  [Symbol.dispose](): void {
    for (const { object } of this.#egress.values()) object[Symbol.dispose]();
    for (const map of this.#open.values()) map[Symbol.dispose]();
  }
}
