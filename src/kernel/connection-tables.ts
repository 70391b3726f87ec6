// The tables of connections as a whole: they are made, and what one holds is carried into another one. And for how long what leaves is
// kept: the value of struct lives (bpf/egress.bpf.c), which may be changed while the program runs.
import { type Lives, listLives, livesFrom, type SharedTable } from '../model/connections.js';
import { Fd } from './fd.js';
import { checked } from './ffi.js';
import { mapCalls } from './ffi-maps.js';
import { readBatches, readEntry, writeEntry } from './map-write.js';
import { mapInfo, type Open } from './pinned.js';

const BPF_MAP_TYPE_LRU_HASH = 9;
/** struct flow and struct connection (bpf/flow.h, bpf/connections.h). */
export const FLOW_BYTES = 40;
export const CONNECTION_BYTES = 16;

const BPF_NOEXIST = 1n;
const EEXIST = 17;
const SECOND = 1_000_000_000n;

/** An empty table. */
export function createConnectionTable(table: SharedTable, entries: number): Fd {
  const { create } = mapCalls();
  const call = `create map ${table}`;
  return new Fd(
    checked(call, create(BPF_MAP_TYPE_LRU_HASH, table, FLOW_BYTES, CONNECTION_BYTES, entries, null)),
  );
}

/** Writes a flow down that is not known yet. */
export function addConnection(table: Open, flow: Uint8Array, connection: Uint8Array): void {
  const result = mapCalls().update(table.number, flow, connection, BPF_NOEXIST);
  if (result !== -EEXIST) checked('write a table of connections', result);
}

/**
 * Writes what one table knows into another one of any size; what that knows already stays. Where there is no room for all, those that
 * were longest without a packet are left out.
 */
export function carryConnections(from: Open, to: Open): void {
  const now = process.hrtime.bigint();
  const alive: { seen: bigint; flow: Buffer; connection: Buffer }[] = [];
  for (const { keys, values, count } of readBatches(
    from.number,
    'of connections',
    FLOW_BYTES,
    CONNECTION_BYTES,
  ))
    for (let at = 0; at < count; at++) {
      const connection = Buffer.from(values.subarray(at * CONNECTION_BYTES, (at + 1) * CONNECTION_BYTES));
      const seen = connection.readBigUInt64LE(0);
      if (seen + BigInt(connection.readUInt32LE(8)) * SECOND < now) continue;
      alive.push({
        seen,
        flow: Buffer.from(keys.subarray(at * FLOW_BYTES, (at + 1) * FLOW_BYTES)),
        connection,
      });
    }
  alive.sort((a, b) => Number(a.seen - b.seen)); // the table forgets what was written first
  for (const { flow, connection } of alive.slice(-mapInfo(to).maxEntries))
    addConnection(to, flow, connection);
}

const WORD = 4;

export function readLives(map: Open): Lives {
  const bytes = readEntry(map.number, 'of timeouts', 0, Math.ceil(mapInfo(map).valueSize / 8) * 8);
  return livesFrom(Array.from({ length: bytes.length / WORD }, (_, at) => bytes.readUInt32LE(at * WORD)));
}

export function writeLives(map: Open, lives: Lives): void {
  writeEntry(map.number, 'of timeouts', 0, new Uint8Array(Uint32Array.from(listLives(lives)).buffer));
}
