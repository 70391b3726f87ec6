// Content of maps, in bulk: one system call for a whole array.
import { checked } from './ffi.js';
import { mapCalls } from './ffi-maps.js';

/** Writes the values of keys 0 to n - 1 of an array map, `valueSize` bytes each. */
export function fillArray(fd: number, name: string, values: Uint8Array, valueSize: number): void {
  const entries = values.length / valueSize;
  const keys = Uint32Array.from({ length: entries }, (_, key) => key);
  checked(`fill map ${name}`, mapCalls().updateBatch(fd, keys, values, [entries], null));
}

/** Sets one value of a map with 32-bit keys. */
export function writeEntry(fd: number, name: string, key: number, value: Uint8Array): void {
  checked(`write map ${name}`, mapCalls().update(fd, Uint32Array.of(key), value, 0n));
}

/** One value of a map with 32-bit keys; `bytes` is what the kernel returns: for per-CPU maps that of all CPUs. */
export function readEntry(fd: number, name: string, key: number, bytes: number): Buffer {
  const value = Buffer.alloc(bytes);
  checked(`read map ${name}`, mapCalls().lookup(fd, Uint32Array.of(key), value));
  return value;
}
