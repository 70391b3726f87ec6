// Content of maps, entry by entry.
import { checked } from './ffi.js';
import { mapCalls } from './ffi-maps.js';

/** Sets one value of a map with 32-bit keys. */
export function writeEntry(fd: number, name: string, key: number, value: Uint8Array): void {
  checked(`write map ${name}`, mapCalls().update(fd, Uint32Array.of(key), value, 0n));
}

/** From now on nobody writes to it but programs, root included (Linux 5.2). */
export function freezeMap(fd: number, name: string): void {
  checked(`freeze map ${name}`, mapCalls().freeze(fd));
}

/** One value of a map with 32-bit keys; `bytes` is what the kernel returns: for per-CPU maps that of all CPUs. */
export function readEntry(fd: number, name: string, key: number, bytes: number): Buffer {
  const value = Buffer.alloc(bytes);
  checked(`read map ${name}`, mapCalls().lookup(fd, Uint32Array.of(key), value));
  return value;
}
