// The tables of connections as a whole, from outside: read in batches, and flows removed. A reading is no moment: what comes or goes
// meanwhile is in it or not. It does not count as use, so that no flow lives longer for it.
import { CONNECTION_BYTES, type ConnectionTable, FLOW_BYTES } from '../model/connections.js';
import type { Fd } from './fd.js';
import { callFailed } from './ffi.js';
import { mapCalls } from './ffi-maps.js';
import { readBatches } from './map-write.js';
import type { PinPaths } from './pin-paths.js';
import { type Open, openMap, openPin } from './pinned.js';

const ENOENT = 2;

/** Entries side by side; overwritten by the next batch. */
export interface EntryBatch {
  flows: DataView;
  connections: DataView;
  count: number;
}

/** The pinned one, or the one that an instance holds, by its id; `undefined` where nothing is recorded. */
export function openConnectionTable(
  pinPaths: PinPaths,
  table: ConnectionTable,
  held?: number,
): Fd | undefined {
  return openPin(pinPaths.connectionTable(table)) ?? (held === undefined ? undefined : openMap(held));
}

/** By the clock that entries are written with; exact to a microsecond, which is far below their second. */
export function monotonicNanoseconds(): number {
  return Number(process.hrtime.bigint());
}

export function* readConnections(map: Open, table: ConnectionTable): Generator<EntryBatch> {
  for (const { keys, values, count } of readBatches(map.number, table, FLOW_BYTES, CONNECTION_BYTES))
    yield { flows: viewOf(keys), connections: viewOf(values), count };
}

/** Those that are over included. */
export function countEntries(map: Open, table: ConnectionTable): number {
  let entries = 0;
  for (const { count } of readConnections(map, table)) entries += count;
  return entries;
}

/** The one that stands at this place of a batch. False when it was gone already. */
export function removeConnection(
  map: Open,
  table: ConnectionTable,
  { flows }: EntryBatch,
  at: number,
): boolean {
  const flow = new Uint8Array(flows.buffer, flows.byteOffset + at * FLOW_BYTES, FLOW_BYTES);
  const result = mapCalls().delete(map.number, flow);
  if (result < 0 && result !== -ENOENT) throw callFailed(`remove from map ${table}`, -result);
  return result === 0;
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
