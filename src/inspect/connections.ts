// What the tables of connections hold: counted, filtered, page by page, and by the row that decides about the next packet of a flow. Reads
// only and takes no lock.
import { recordedPolicy } from '../journal/running.js';
import { askPolicy } from '../kernel/ask-policy.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { pinPathsOf } from '../kernel/pin-paths.js';
import { openProgram } from '../kernel/pinned.js';
import type { Connections, FlowFilter, RowFlows } from '../model/connection-table.js';
import { asksConnections } from '../model/desired.js';
import { EnvironmentError, UsageError } from '../model/errors.js';
import type { HostPaths } from '../model/host-paths.js';
import { type OwnedInterface, runningInstance } from '../model/observed.js';
import { readOwned } from '../observe/owned.js';
import { countTables, graceOf } from '../pass/count-connections.js';
import { Census, type Page } from '../policy/connections/census.js';
import type { FlowBatch } from '../policy/connections/flow-entry.js';
import { nextPacket } from '../policy/connections/next-packet.js';
import { highest } from '../policy/connections/pressure.js';
import { encodeRecords } from '../policy/compile/records.js';
import { conntrackInUse } from './conntrack.js';

export interface ConnectionsQuery {
  filter: FlowFilter;
  page: Page;
  /** Interface whose policy is asked about each flow that the filter leaves. */
  interface?: string;
}

/** Throws a UsageError where no policy of the host asks about connections, or that of the interface does not. */
export function readConnectionsReport({ bpffs, dataDir }: HostPaths, query: ConnectionsQuery): Connections {
  requireCapabilities();
  const paths = pinPathsOf(bpffs);
  const owned = readOwned(bpffs);
  using rows = query.interface === undefined ? undefined : new Rows(owned, dataDir, query.interface);
  const census = new Census(query.filter, query.page);
  const tables = countTables(
    paths,
    owned,
    census,
    rows &&
      ((batch, at) => {
        rows.ask(batch, at);
      }),
  );
  if (tables.length === 0) {
    throw new UsageError('no connections are known here: no policy that runs asks about them', {
      hint: 'A rule with `connection` does: docs/connections.md.',
    });
  }
  const conntrack = conntrackInUse(dataDir);
  const grace = graceOf(paths);
  const skipped = Math.min(query.page.skip, census.matched);
  return {
    apiVersion: 'xdpkeep/v1',
    kind: 'Connections',
    tables,
    pressure: highest(tables),
    ...(grace && { grace }),
    ...(conntrack && { conntrack }),
    matched: census.matched,
    counts: census.counts,
    ...(rows && { rules: rows.found }),
    connections: census.page,
    skipped,
    more: census.matched - skipped - census.page.length,
  };
}

/** Asks the program of an interface about the next packet of flows, as if it came in there. A question does not refresh a flow. */
class Rows implements Disposable {
  readonly #program;
  readonly #owners;
  readonly #counts = new Map<string, number>();
  #asked = 0;

  constructor(
    owned: readonly OwnedInterface[],
    dataDir: string,
    private readonly name: string,
  ) {
    const one = owned.find((candidate) => candidate.name === name);
    const instance = one && runningInstance(one);
    const firewall = instance && recordedPolicy(dataDir, instance.digest);
    if (!firewall || !asksConnections(firewall.policy)) {
      throw new UsageError(`interface ${name} runs no policy of ours that asks about connections`, {
        hint: 'Without an interface, what is known on all of the host is counted.',
      });
    }
    const program = instance.programId === undefined ? undefined : openProgram(instance.programId);
    if (!program)
      throw new EnvironmentError('the attached program was replaced meanwhile', { hint: 'Ask again.' });
    this.#program = program;
    this.#owners = encodeRecords(firewall.policy, firewall.protections.length).owners;
  }

  get found(): NonNullable<Connections['rules']> {
    const rows = [...this.#counts].map(([rule, connections]): RowFlows => ({ rule, connections }));
    return {
      interface: this.name,
      asked: this.#asked,
      rows: rows.sort((a, b) => b.connections - a.connections || (a.rule < b.rule ? -1 : 1)),
    };
  }

  ask(batch: FlowBatch, at: number): void {
    const { record } = askPolicy(this.#program.number, nextPacket(batch, at), {
      blocks: true,
      connection: 'established',
    });
    const row = this.#owners[record]?.row ?? '?';
    this.#counts.set(row, (this.#counts.get(row) ?? 0) + 1);
    this.#asked++;
  }

  [Symbol.dispose](): void {
    this.#program[Symbol.dispose]();
  }
}
