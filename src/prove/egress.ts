// The tables of the connections of a host, and the recorder, which fills them: one of each for all interfaces.
import { countEntries } from '../kernel/connection-tables.js';
import { type ConnectionMaps, createConnectionTable, loadEgress, seedConnections } from '../kernel/egress.js';
import type { Fd } from '../kernel/fd.js';
import type { PinPaths } from '../kernel/pin-paths.js';
import { openMap, openPin } from '../kernel/pinned.js';
import { createRecorded } from '../kernel/recorded.js';
import {
  CONNECTION_TABLES,
  DATAGRAM_TABLE,
  MOST_CONNECTIONS,
  MOST_DATAGRAMS,
  type SharedTable,
} from '../model/connections.js';
import { type ObservedState, sharedMap } from '../model/observed.js';
import type { Candidate } from './candidate.js';

/** Behind the name of the function: the one for interfaces without an Ethernet header (bpf/egress.bpf.c). */
const WITHOUT_ETHERNET = '_ip';

/** The recorder, as it ships. */
export interface ShippedProgram {
  bytes: Uint8Array;
  function: string;
}

/** Keeps what it opens until it is disposed of. */
export class SharedConnections implements Disposable {
  readonly #open = new Map<SharedTable, Fd>();
  readonly #egress = new Map<string, Candidate>();
  #counting: Fd | undefined;
  /** Nothing has been written into a table yet. */
  #isNew = false;

  /** Without paths, nothing that is pinned is used. */
  constructor(
    private readonly pinPaths?: PinPaths,
    private readonly observed?: ObservedState,
  ) {}

  /**
   * Those that are pinned, or new ones. New ones begin with the flows of open sockets: the lock-out guard asks about these before anything
   * is attached.
   */
  tables(): ConnectionMaps {
    const tables = {
      opened: this.#table('opened'),
      served: this.#table('served'),
      fragments: this.#table('fragments'),
    };
    if (this.#isNew) seedConnections(tables);
    this.#isNew = false;
    return tables;
  }

  /**
   * The recorder as it is attached to an interface with an Ethernet header or without. Throws an EnvironmentError on a kernel where it
   * cannot be.
   */
  egress({ bytes, function: function_ }: ShippedProgram, noEthernet: boolean): Candidate {
    const name = noEthernet ? function_ + WITHOUT_ETHERNET : function_;
    const known = this.#egress.get(name);
    if (known) return known;
    const tables = this.tables();
    const loaded = { object: loadEgress(bytes, name, { ...tables, recorded: this.#recorded(tables) }) };
    this.#egress.set(name, loaded);
    return loaded;
  }

  /** What counts goes on, like the tables; a new one begins with what is in them. */
  #recorded(tables: ConnectionMaps): Fd {
    this.#counting ??=
      (this.pinPaths && openPin(this.pinPaths.recorded)) ??
      createRecorded({
        opened: countEntries(tables.opened, 'opened'),
        served: countEntries(tables.served, 'served'),
      });
    return this.#counting;
  }

  #table(table: SharedTable): Fd {
    const found = this.#open.get(table) ?? this.#pinned(table);
    const isOfFlows = table !== DATAGRAM_TABLE;
    if (!found && isOfFlows) this.#isNew = true;
    const entries = isOfFlows ? MOST_CONNECTIONS / CONNECTION_TABLES.length : MOST_DATAGRAMS;
    const map = found ?? createConnectionTable(table, entries);
    this.#open.set(table, map);
    return map;
  }

  /** By a pin of its own, which a table of flows has, or through a running instance that uses it. */
  #pinned(table: SharedTable): Fd | undefined {
    const own = table !== DATAGRAM_TABLE && this.pinPaths && openPin(this.pinPaths.connectionTable(table));
    if (own) return own;
    const id = sharedMap(this.observed?.owned ?? [], table);
    return id === undefined ? undefined : openMap(id);
  }

  [Symbol.dispose](): void {
    for (const { object } of this.#egress.values()) object[Symbol.dispose]();
    for (const map of this.#open.values()) map[Symbol.dispose]();
    this.#counting?.[Symbol.dispose]();
  }
}
