// The tables of the connections of a host, and the recorder, which fills them: one of each for all interfaces.
import { join } from 'node:path';
import { carryConnections, countEntries, createConnectionTable } from '../kernel/connection-tables.js';
import { seedConnections } from '../kernel/connection-seeds.js';
import { type ConnectionMaps, loadEgress } from '../kernel/egress.js';
import type { Fd } from '../kernel/fd.js';
import { LIVES_SECTION, type PinPaths } from '../kernel/pin-paths.js';
import { mapInfo, type Open, openMap, openPin } from '../kernel/pinned.js';
import { createRecorded } from '../kernel/recorded.js';
import {
  type ConnectionSettings,
  DATAGRAM_TABLE,
  entriesOf,
  GRACE_TABLE,
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
  /** The map of timeouts, where one is pinned. */
  #lives: Fd | undefined;
  #counting: Fd | undefined;
  /** Tables of another size were made anew, of which nothing is counted yet. */
  #isResized = false;
  /** Nothing has been written into a table yet. */
  #isNew = false;
  /** One of the tables was there before. */
  #isKnown = false;

  /** Without paths, nothing that is pinned is used. `settings`: of the host; absent: as pinned, or as usual. */
  constructor(
    private readonly pinPaths?: PinPaths,
    private readonly observed?: ObservedState,
    private readonly settings?: ConnectionSettings,
  ) {}

  /**
   * Those that are pinned; of another size, new ones with what those hold; else new ones, which begin with the flows that are open: the lock-out
   * guard asks about these before anything is attached.
   */
  tables(): ConnectionMaps {
    const tables = {
      opened: this.#table('opened'),
      served: this.#table('served'),
      begun: this.#table('begun'),
      fragments: this.#table('fragments'),
      grace: this.#table('grace'),
    };
    if (this.#isNew) seedConnections(tables, this.settings?.timeouts);
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
    const maps = { ...tables, recorded: this.#recorded(tables) };
    const object = loadEgress(bytes, name, maps, this.#timeouts());
    const loaded = { object, ...(!this.#isKnown && { grace: tables.grace }) };
    this.#egress.set(name, loaded);
    return loaded;
  }

  /** All programs of a host share one: those of this plan too. */
  #timeouts(): Open | undefined {
    const [first] = this.#egress.values();
    if (first) return { number: first.object.mapFd(LIVES_SECTION) };
    this.#lives ??= this.pinPaths && openPin(this.pinPaths.lives);
    return this.#lives;
  }

  /** What counts goes on, like the tables; a new one begins with what is in them. */
  #recorded(tables: ConnectionMaps): Fd {
    this.#counting ??=
      (this.#isResized ? undefined : this.pinPaths && openPin(this.pinPaths.recorded)) ??
      createRecorded({
        opened: countEntries(tables.opened),
        served: countEntries(tables.served),
        begun: countEntries(tables.begun),
      });
    return this.#counting;
  }

  #table(table: SharedTable): Fd {
    const known = this.#open.get(table);
    if (known) return known;
    const map = this.#inSize(table, this.#pinned(table));
    this.#open.set(table, map);
    return map;
  }

  #inSize(table: SharedTable, found: Fd | undefined): Fd {
    const entries = entriesOf(table, this.settings?.max);
    if (table === DATAGRAM_TABLE || table === GRACE_TABLE)
      return found ?? createConnectionTable(table, entries);
    if (found) this.#isKnown = true;
    if (found && (this.settings?.max === undefined || mapInfo(found).maxEntries === entries)) return found;
    const map = createConnectionTable(table, entries);
    if (!found) {
      this.#isNew = true;
      return map;
    }
    carryConnections(found, map);
    found[Symbol.dispose]();
    this.#isResized = true;
    return map;
  }

  /** By a pin of its own, which a table of flows has, or through a running instance that uses it. */
  #pinned(table: SharedTable): Fd | undefined {
    const own = table !== DATAGRAM_TABLE && this.pinPaths && openPin(join(this.pinPaths.connections, table));
    if (own) return own;
    const id = sharedMap(this.observed?.owned ?? [], table);
    return id === undefined ? undefined : openMap(id);
  }

  [Symbol.dispose](): void {
    for (const { object } of this.#egress.values()) object[Symbol.dispose]();
    for (const map of this.#open.values()) map[Symbol.dispose]();
    this.#lives?.[Symbol.dispose]();
    this.#counting?.[Symbol.dispose]();
  }
}
