// The tables of connections as a whole: they are made, read in batches, what one holds is carried into another one, and flows are
// removed. A reading is no moment: what comes or goes meanwhile is in it or not. It does not count as use, so that no flow lives longer for
// it. And for how long what leaves is kept: the value of struct lives (bpf/egress.bpf.c), which may be changed while the program runs.
import {
  CONNECTION,
  CONNECTION_BYTES,
  type ConnectionTable,
  FLOW_BYTES,
  GRACE_TABLE,
  type GraceWindow,
  type Lives,
  listLives,
  livesFrom,
  type SharedTable,
} from '../model/connections.js';
import { Fd } from './fd.js';
import { callFailed, checked } from './ffi.js';
import { mapCalls } from './ffi-maps.js';
import { readBatches, readEntry, writeEntry } from './map-write.js';
import type { PinPaths } from './pin-paths.js';
import { mapInfo, type Open, openMap, openPin } from './pinned.js';

const BPF_MAP_TYPE_ARRAY = 2;
const BPF_MAP_TYPE_LRU_HASH = 9;
/** struct grace (bpf/connection_state.h). */
export const GRACE_BYTES = 16;
const WORD = 4;
const BPF_NOEXIST = 1n;
const ENOENT = 2;
const EEXIST = 17;
const SECOND = 1_000_000_000n;

/** Entries side by side; overwritten by the next batch. */
export interface EntryBatch {
  flows: DataView;
  connections: DataView;
  count: number;
}

/** An empty table; no grace. */
export function createConnectionTable(table: SharedTable, entries: number): Fd {
  const { create } = mapCalls();
  const made =
    table === GRACE_TABLE
      ? create(BPF_MAP_TYPE_ARRAY, table, WORD, GRACE_BYTES, entries, null)
      : create(BPF_MAP_TYPE_LRU_HASH, table, FLOW_BYTES, CONNECTION_BYTES, entries, null);
  return new Fd(checked(`create map ${table}`, made));
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

export function* readConnections(map: Open): Generator<EntryBatch> {
  for (const { keys, values, count } of readBatches(
    map.number,
    'of connections',
    FLOW_BYTES,
    CONNECTION_BYTES,
  ))
    yield { flows: viewOf(keys), connections: viewOf(values), count };
}

/** Those that are over included. */
export function countEntries(map: Open): number {
  let entries = 0;
  for (const { count } of readConnections(map)) entries += count;
  return entries;
}

/** Writes a flow down that is not known yet. */
export function addConnection(table: Open, flow: Uint8Array, connection: Uint8Array): void {
  const result = mapCalls().update(table.number, flow, connection, BPF_NOEXIST);
  if (result !== -EEXIST) checked('write a table of connections', result);
}

/** The one that stands at this place of a batch. False when it was gone already. */
export function removeConnection(map: Open, { flows }: EntryBatch, at: number): boolean {
  const result = mapCalls().delete(map.number, bytesAt(flows, at, FLOW_BYTES));
  if (result < 0 && result !== -ENOENT) throw callFailed('remove from a table of connections', -result);
  return result === 0;
}

/**
 * Writes what one table knows into another one of any size; what that knows already stays. Where there is no room for all, those that
 * were longest without a packet are left out.
 */
export function carryConnections(from: Open, to: Open): void {
  const now = process.hrtime.bigint();
  const alive: { seen: bigint; flow: Buffer; connection: Buffer }[] = [];
  for (const { flows, connections, count } of readConnections(from))
    for (let at = 0; at < count; at++) {
      const connection = Buffer.from(bytesAt(connections, at, CONNECTION_BYTES));
      const seen = connection.readBigUInt64LE(CONNECTION.seen);
      if (seen + BigInt(connection.readUInt32LE(CONNECTION.life)) * SECOND < now) continue;
      alive.push({ seen, flow: Buffer.from(bytesAt(flows, at, FLOW_BYTES)), connection });
    }
  alive.sort((a, b) => Number(a.seen - b.seen)); // the table forgets what was written first
  for (const { flow, connection } of alive.slice(-mapInfo(to).maxEntries))
    addConnection(to, flow, connection);
}

function bytesAt({ buffer, byteOffset }: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(buffer, byteOffset + at * length, length);
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function readLives(map: Open): Lives {
  const bytes = readEntry(map.number, 'of timeouts', 0, Math.ceil(mapInfo(map).valueSize / 8) * 8);
  return livesFrom(Array.from({ length: bytes.length / WORD }, (_, at) => bytes.readUInt32LE(at * WORD)));
}

export function writeLives(map: Open, lives: Lives): void {
  writeEntry(map.number, 'of timeouts', 0, new Uint8Array(Uint32Array.from(listLives(lives)).buffer));
}

/** Opens the grace window: from now on, for so many seconds. */
export function openGrace(map: Open, seconds: number): void {
  const until = process.hrtime.bigint() + BigInt(seconds) * SECOND;
  writeEntry(map.number, GRACE_TABLE, 0, new Uint8Array(BigUint64Array.of(until, 0n).buffer));
}

/** `undefined` where there was none. */
export function readGrace(map: Open): GraceWindow | undefined {
  const value = readEntry(map.number, GRACE_TABLE, 0, GRACE_BYTES);
  const until = value.readBigUInt64LE(0);
  if (until === 0n) return undefined;
  const left = Math.ceil(Number(until - process.hrtime.bigint()) / Number(SECOND));
  return { left: Math.max(0, left), packets: Number(value.readBigUInt64LE(8)) };
}
