// Reads the tables of connections and what was written into them, for all who ask how full they are.
import {
  monotonicNanoseconds,
  openConnectionTable,
  readConnections,
  readGrace,
} from '../kernel/connection-tables.js';
import type { PinPaths } from '../kernel/pin-paths.js';
import { mapInfo, openPin } from '../kernel/pinned.js';
import { readRecorded } from '../kernel/recorded.js';
import type { ConnectionsStatus, TableCount } from '../model/connection-table.js';
import { FLOW_TABLES, type GraceWindow } from '../model/connections.js';
import { type OwnedInterface, sharedMap } from '../model/observed.js';
import { Census, NO_PAGE } from '../policy/connections/census.js';
import type { FlowBatch } from '../policy/connections/flow-entry.js';
import { forgottenOf, highest, pressureWarnings } from '../policy/connections/pressure.js';

/** `undefined` where nothing is recorded. */
export function connectionsStatus(
  paths: PinPaths,
  owned: readonly OwnedInterface[],
): ConnectionsStatus | undefined {
  const tables = countTables(paths, owned, new Census({}, NO_PAGE));
  if (tables.length === 0) return undefined;
  const grace = graceOf(paths);
  return { tables, pressure: highest(tables), ...(grace && { grace }) };
}

/** `undefined` where there was none. */
export function graceOf(paths: PinPaths): GraceWindow | undefined {
  using map = openPin(paths.grace);
  return map && readGrace(map);
}

/** A sentence for each table that is nearly full of connections that are not over. */
export function warnOfPressure(paths: PinPaths, owned: readonly OwnedInterface[]): string[] {
  return pressureWarnings(connectionsStatus(paths, owned)?.tables ?? []);
}

/** Empty where nothing is recorded. `meet` is told of each flow that the filter of the census leaves. */
export function countTables(
  paths: PinPaths,
  owned: readonly OwnedInterface[],
  census: Census,
  meet?: (batch: FlowBatch, at: number) => void,
): TableCount[] {
  using counted = openPin(paths.recorded);
  return FLOW_TABLES.flatMap((name) => {
    using map = openConnectionTable(paths, name, sharedMap(owned, name));
    if (!map) return [];
    // Before the table is read: what is written meanwhile would count as forgotten.
    const written = counted && readRecorded(counted, name);
    const content = census.add(readConnections(map), monotonicNanoseconds(), meet);
    const present = content.known + content.over;
    const recorded = written && {
      flows: written.flows,
      revived: written.revived,
      forgotten: forgottenOf(written.flows, written.removed, present),
    };
    return [{ name, capacity: mapInfo(map).maxEntries, ...content, ...(recorded && { recorded }) }];
  });
}
