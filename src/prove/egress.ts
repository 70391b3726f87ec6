// The tables of the connections of a host, and the recorder, which fills them: one of each for all interfaces.
import { type ConnectionMaps, createConnectionTable, loadEgress, seedConnections } from '../kernel/egress.js';
import type { Fd } from '../kernel/fd.js';
import type { PinPaths } from '../kernel/pin-paths.js';
import { openMap, openPin } from '../kernel/pinned.js';
import {
  CONNECTION_TABLES,
  DATAGRAM_TABLE,
  MOST_CONNECTIONS,
  MOST_DATAGRAMS,
  type SharedTable,
} from '../model/connections.js';
import { type ObservedState, runningInstance } from '../model/observed.js';
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
    const loaded = { object: loadEgress(bytes, name, this.tables()) };
    this.#egress.set(name, loaded);
    return loaded;
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
    const maps = this.observed?.owned.flatMap((one) => runningInstance(one)?.maps ?? []) ?? [];
    const id = maps.find(({ name }) => name === table)?.id;
    return id === undefined ? undefined : openMap(id);
  }

  [Symbol.dispose](): void {
    for (const { object } of this.#egress.values()) object[Symbol.dispose]();
    for (const map of this.#open.values()) map[Symbol.dispose]();
  }
}
