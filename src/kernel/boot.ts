// The boot id and the clocks since boot. A reboot removes pins, links and programs and reuses ids, so that a record of another boot
// proves nothing about the kernel.
import { readFileSync } from 'node:fs';

/** Random per boot, a UUID: `/proc/sys/kernel/random/boot_id`. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** CLOCK_MONOTONIC in milliseconds. Setting the wall clock does not change it; time in suspend does not count. */
export function monotonicNow(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** Seconds since boot, time in suspend included. Nobody can set this clock. */
export function uptime(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ', 1)[0]);
}

/** The time of boot, ISO 8601, by the current wall clock, which may have been set since. */
export function bootedAt(): string {
  return new Date(Date.now() - uptime() * 1000).toISOString();
}
