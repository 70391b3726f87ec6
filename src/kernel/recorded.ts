// How many flows were written into each table of connections: struct recorded (bpf/connections.h), counted by the program at the way out, for
// all interfaces together. Entries behind those of the tables are of user space: what was in them before anybody counted, and what operators
// removed.
import { type ConnectionTable, FLOW_TABLES, RECORDED } from '../model/connections.js';
import { perCpuSum, possibleCpus } from './counters.js';
import { Fd } from './fd.js';
import { checked } from './ffi.js';
import { mapCalls } from './ffi-maps.js';
import { writeEntry } from './map-write.js';
import type { Open } from './pinned.js';

export const RECORDED_BYTES = 24;
const RECORDED_ENTRIES = 2 * FLOW_TABLES.length;
const BPF_MAP_TYPE_PERCPU_ARRAY = 6;
const OF_USER_SPACE = FLOW_TABLES.length;

export interface WrittenFlows {
  /** Flows that were written, those that were there before the count began included. */
  flows: number;
  revived: number;
  /** By operators, or to the table in which they stay. */
  removed: number;
}

/** `present`: flows that are in each table now. */
export function createRecorded(present: Record<ConnectionTable, number>): Fd {
  const { create } = mapCalls();
  const made = create(BPF_MAP_TYPE_PERCPU_ARRAY, RECORDED, 4, RECORDED_BYTES, RECORDED_ENTRIES, null);
  const map = new Fd(checked(`create map ${RECORDED}`, made));
  for (const table of FLOW_TABLES) write(map, table, { before: present[table], removed: 0 });
  return map;
}

export function readRecorded(map: Open, table: ConnectionTable): WrittenFlows {
  const [flows = 0n, revived = 0n, moved = 0n] = sums(map, indexOf(table));
  const [before = 0n, removed = 0n] = sums(map, indexOf(table) + OF_USER_SPACE);
  return { flows: Number(flows + before), revived: Number(revived), removed: Number(removed + moved) };
}

/** The caller holds the lock of writers: nobody else does this meanwhile. */
export function addRemoved(map: Open, table: ConnectionTable, removed: number): void {
  const [before = 0n, already = 0n] = sums(map, indexOf(table) + OF_USER_SPACE);
  write(map, table, { before: Number(before), removed: Number(already) + removed });
}

function sums(map: Open, entry: number): bigint[] {
  return perCpuSum(map.number, RECORDED, entry, RECORDED_BYTES);
}

/** All in the part of the first processor. */
function write(map: Open, table: ConnectionTable, count: { before: number; removed: number }): void {
  const value = Buffer.alloc(possibleCpus() * RECORDED_BYTES);
  value.writeBigUInt64LE(BigInt(count.before), 0);
  value.writeBigUInt64LE(BigInt(count.removed), 8);
  writeEntry(map.number, RECORDED, indexOf(table) + OF_USER_SPACE, value);
}

/** enum table in bpf/connections.h. */
function indexOf(table: ConnectionTable): number {
  return FLOW_TABLES.indexOf(table);
}
