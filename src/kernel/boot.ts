// The boot id and the clocks since boot. A reboot takes pins, links, programs and ids with it, so records of another boot
// prove nothing about the kernel.
import { readFileSync } from 'node:fs';

/** Random per boot, a UUID: `/proc/sys/kernel/random/boot_id`. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** CLOCK_MONOTONIC in milliseconds: what people do to the wall clock does not touch it. Time asleep does not count. */
export function monotonicNow(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** Seconds since the boot, time asleep included: a clock that nobody can set. */
export function uptime(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ', 1)[0]);
}

/** When that was, by today's wall clock, which may have been set since. ISO 8601. */
export function bootedAt(): string {
  return new Date(Date.now() - uptime() * 1000).toISOString();
}
