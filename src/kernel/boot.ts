// Which boot this is, and how long it has lasted. Whatever the kernel ran before it is gone: pins, links, programs and ids alike.
import { readFileSync } from 'node:fs';

/** Random per boot, a UUID: `/proc/sys/kernel/random/boot_id`. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Seconds since the boot, time asleep included: a clock that nobody can set. */
export function uptime(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ', 1)[0]);
}
