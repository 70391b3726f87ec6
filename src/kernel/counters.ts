// The counters of an interface: one struct count { u64 packets; u64 bytes; } per slot and possible CPU (bpf/tables.h), and the names
// of their rows, which are symbolic links beside them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RowSlot } from '../model/rows.js';
import { listEntries, readSymlink } from './bpffs.js';
import type { PinPaths } from './pin-paths.js';
import { checked } from './ffi.js';
import { mapCalls } from './ffi-maps.js';
import { readEntry, writeEntry } from './map-write.js';

export const COUNT_BYTES = 16;

export interface Count {
  packets: bigint;
  /** Of frames, Ethernet header included. */
  bytes: bigint;
}

/** The slot of each row; empty when the interface has no counters. */
export function readRows(pinPaths: PinPaths, name: string): RowSlot[] {
  return listEntries(pinPaths.rows(name)).flatMap((entry) => {
    const row = readSymlink(join(pinPaths.rows(name), entry.name));
    const isSlot = /^\d+$/.test(entry.name); // totals.ts has a link of its own there
    return row === undefined || !isSlot ? [] : [{ row, slot: Number(entry.name) }];
  });
}

/** Sums over all CPUs. */
export function readCounter(fd: number, slot: number): Count {
  const [packets = 0n, bytes = 0n] = perCpuSum(fd, 'counters', slot, COUNT_BYTES);
  return { packets, bytes };
}

/** Sums of slots 0 to `slots` - 1 over all CPUs: packets and bytes in turn, exact up to 2^53. One system call. */
export function readCounters(fd: number, slots: number): Float64Array {
  const cpus = possibleCpus();
  const words = new Uint32Array((slots * cpus * COUNT_BYTES) / 4);
  const count = Uint32Array.of(slots);
  const next = new Uint32Array(1);
  const opts = BigUint64Array.of(BATCH_OPTS_BYTES, 0n, 0n);
  const keys = new Uint32Array(slots);
  // ENOENT: the batch reached the end of the map.
  const result = mapCalls().lookupBatch(fd, null, next, keys, words, count, opts);
  if (result !== -ENOENT) checked('read the counters', result);
  const sums = new Float64Array(slots * 2);
  for (let at = 0; at < words.length; at += 2) {
    const value = (words[at] ?? 0) + (words[at + 1] ?? 0) * 2 ** 32;
    const slot = Math.floor(at / (cpus * 4));
    const field = slot * 2 + ((at >> 1) & 1);
    sums[field] = (sums[field] ?? 0) + value;
  }
  return sums;
}

const ENOENT = 2;
const BATCH_OPTS_BYTES = 24n; // struct bpf_map_batch_opts, libbpf 1.1

/** Reads one value of a per-CPU map. The value is `bytes` / 8 u64 numbers; each is summed over all CPUs. */
export function perCpuSum(fd: number, map: string, key: number, bytes: number): bigint[] {
  const value = readEntry(fd, map, key, possibleCpus() * bytes);
  const sums = Array.from({ length: bytes / 8 }, () => 0n);
  for (let at = 0; at < value.length; at += 8) {
    const field = (at % bytes) / 8;
    sums[field] = (sums[field] ?? 0n) + value.readBigUInt64LE(at);
  }
  return sums;
}

export function zeroCounter(fd: number, slot: number): void {
  writeEntry(fd, 'counters', slot, new Uint8Array(possibleCpus() * COUNT_BYTES));
}

let cpus: number | undefined;

/** Number of possible CPUs: a per-CPU value has one part for each. The file says `0-3` or `0,2-5`. */
export function possibleCpus(): number {
  cpus ??= readFileSync('/sys/devices/system/cpu/possible', 'utf8')
    .trim()
    .split(',')
    .reduce((count, range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return count + last - first + 1;
    }, 0);
  return cpus;
}
