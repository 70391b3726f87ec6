// A policy as the kernel will have it: plain bytes, one buffer a map, nothing left to decide. Pure policy/ makes
// it, kernel/ loads it.
import type { BuiltinRow } from './policy.js';

/** An array map of bpf/tables.h: the value of key i is `values[i * valueSize ...]`. */
export interface TableMap {
  name: string;
  /** Bytes. */
  valueSize: number;
  /** 1 or more. */
  entries: number;
  values: Uint8Array;
}

/** Who stands behind an index of the map `records`, and what only the host can fill into it. */
export interface RecordOwner {
  /** Rule name, or the built-in row that counts it: every protect entry is `(protect)`. */
  row: string | BuiltinRow;
  /** Redirect target whose ifindex belongs into the record. */
  interface?: string;
}

export interface FirewallTables {
  /** Content of `.rodata.settings`; the TAI offset in it is 0 until bound to a host. */
  settings: Uint8Array;
  /** `nodes`, `tests`, `pairs`, `vectors`; `records` with its counter slots and ifindexes still 0. */
  maps: TableMap[];
  /** Index in `records` -> owner. */
  owners: RecordOwner[];
  /** Maps that start empty and are used: name -> entries. Every other one is not made at all. */
  dynamic: Record<string, number>;
  /** CPUs that rules redirect to. */
  cpus: number[];
}

/** What a host adds to tables. None of it is part of an instance's identity. */
export interface TableBinding {
  /** Counter slot of each row name. */
  slots: ReadonlyMap<string, number>;
  /** Interface name -> ifindex, for every redirect target. */
  ifindexes: ReadonlyMap<string, number>;
  /** Seconds that CLOCK_TAI is ahead of CLOCK_REALTIME. */
  taiOffset: number;
}
