// Writes map entries one by one, reads them one by one or many at once.
import koffi from 'koffi';
import type { Fd } from './fd.js';
import { callFailed, checked, lastErrno } from './ffi.js';
import { mapCalls } from './ffi-maps.js';
import { mapInfo } from './pinned.js';

/** Sets one value of a map with 32-bit keys. */
export function writeEntry(fd: number, name: string, key: number, value: Uint8Array): void {
  checked(`write map ${name}`, mapCalls().update(fd, Uint32Array.of(key), value, 0n));
}

/** From now on nobody writes to it but programs, root included (Linux 5.2). */
export function freezeMap(fd: number, name: string): void {
  checked(`freeze map ${name}`, mapCalls().freeze(fd));
}

/** The value of a map that has one, as the kernel returns it. */
export function readWhole(map: Fd): Buffer {
  const { type, valueSize, maxEntries } = mapInfo(map);
  if (type !== BPF_MAP_TYPE_ARRAY || maxEntries !== 1) throw new Error('not a map with one value');
  return readEntry(map.number, 'with one value', 0, Math.ceil(valueSize / 8) * 8);
}

const BPF_MAP_TYPE_ARRAY = 2; // uapi/linux/bpf.h

/** One value of a map with 32-bit keys; `bytes` is what the kernel returns: for per-CPU maps that of all CPUs. */
export function readEntry(fd: number, name: string, key: number, bytes: number): Buffer {
  const value = Buffer.alloc(bytes);
  checked(`read map ${name}`, mapCalls().lookup(fd, Uint32Array.of(key), value));
  return value;
}

const ENOENT = 2;
const BATCH_OPTS_BYTES = 24n; // struct bpf_map_batch_opts, libbpf 1.1
/** Entries in one call. */
const BATCH = 8192;
/** Bytes; of a trie the place where to go on is a key of it (kernel/bpf/syscall.c). */
const PLACE_BYTES = 64;

/** All entries of a map, `count` in each batch. Entries that come or go meanwhile may be in it or not (Linux 5.16). */
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
    if (result === -ENOENT) return; // that was the last of the map
    from = next;
  }
}

const PROT_READ = 1; // asm-generic/mman-common.h
const MAP_SHARED = 1;
const MAP_FAILED = 2n ** 64n - 1n;

/** How the value of a map with one entry and BPF_F_MMAPABLE begins, however long it is. */
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
