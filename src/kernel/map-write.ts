// Reads and writes entries of maps, one by one or in batches.
import koffi from 'koffi';
import type { Fd } from './fd.js';
import { callFailed, checked, lastErrno } from './ffi.js';
import { mapCalls } from './ffi-maps.js';
import { mapInfo } from './pinned.js';

/** Sets one value of a map with 32-bit keys. */
export function writeEntry(fd: number, name: string, key: number, value: Uint8Array): void {
  checked(`write map ${name}`, mapCalls().update(fd, Uint32Array.of(key), value, 0n));
}

/** Makes a map read-only for user space, root included; programs may still write (BPF_MAP_FREEZE, Linux 5.2). */
export function freezeMap(fd: number, name: string): void {
  checked(`freeze map ${name}`, mapCalls().freeze(fd));
}

/** The value of an array map with one entry, padded to 8 bytes as the kernel returns it. */
export function readWhole(map: Fd): Buffer {
  const { type, valueSize, maxEntries } = mapInfo(map);
  if (type !== BPF_MAP_TYPE_ARRAY || maxEntries !== 1) throw new Error('not a map with one value');
  return readEntry(map.number, 'with one value', 0, Math.ceil(valueSize / 8) * 8);
}

const BPF_MAP_TYPE_ARRAY = 2; // uapi/linux/bpf.h

/** One value of a map with 32-bit keys; `bytes` is the size that the kernel returns: for a per-CPU map, of all CPUs together. */
export function readEntry(fd: number, name: string, key: number, bytes: number): Buffer {
  const value = Buffer.alloc(bytes);
  checked(`read map ${name}`, mapCalls().lookup(fd, Uint32Array.of(key), value));
  return value;
}

const ENOENT = 2;
const BATCH_OPTS_BYTES = 24n; // struct bpf_map_batch_opts, libbpf 1.1
/** Entries in one call. */
const BATCH = 8192;
/** Bytes of the position that the kernel returns between batches; for a trie it is a key (kernel/bpf/syscall.c). */
const PLACE_BYTES = 64;

/** All entries of a map, in batches of `count`. An entry that is added or removed meanwhile may be missing (Linux 5.16). */
export function* readBatches(fd: number, name: string, keyBytes: number, valueBytes: number) {
  const keys = Buffer.alloc(BATCH * keyBytes);
  const values = Buffer.alloc(BATCH * valueBytes);
  const opts = BigUint64Array.of(BATCH_OPTS_BYTES, 0n, 0n);
  for (let from: Buffer | null = null; ;) {
    const next: Buffer = Buffer.alloc(PLACE_BYTES);
    const count = Uint32Array.of(BATCH);
    const result = mapCalls().lookupBatch(fd, from, next, keys, values, count, opts);
    if (result !== -ENOENT) checked(`read map ${name}`, result);
    yield { keys, values, count: count[0] ?? 0 };
    if (result === -ENOENT) return; // the end of the map
    from = next;
  }
}

const PROT_READ = 1; // asm-generic/mman-common.h
const MAP_SHARED = 1;
const MAP_FAILED = 2n ** 64n - 1n;

/** The first `bytes` bytes of the value of a map with one entry and BPF_F_MMAPABLE, without reading the rest. */
export function readMapped(fd: number, name: string, bytes: number): Uint8Array {
  const { mmap, munmap } = mapCalls();
  const at = mmap(null, bytes, PROT_READ, MAP_SHARED, fd, 0);
  if (koffi.address(at) === MAP_FAILED) throw callFailed(`read map ${name}`, lastErrno());
  try {
    return Uint8Array.from(koffi.decode(at, 'uint8_t', bytes) as ArrayLike<number>);
  } finally {
    munmap(at, bytes);
  }
}
