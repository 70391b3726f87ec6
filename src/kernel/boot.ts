// Which boot this is. Whatever the kernel ran before it is gone: pins, links, programs and ids alike.
import { readFileSync } from 'node:fs';

/** Random per boot, a UUID: `/proc/sys/kernel/random/boot_id`. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
