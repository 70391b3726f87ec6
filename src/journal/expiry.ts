// Expiry of blocks and suspensions. An end is stored on two clocks: seconds since boot, which nobody can set, and the wall clock, which
// is used after a reboot.
import * as z from 'zod';
import { bootId, uptime } from '../kernel/boot.js';

export interface End {
  /** ISO 8601, wall clock. */
  until: string;
  /** The boot in which it was created; `uptime` is the end in seconds since that boot. */
  boot: string;
  uptime: number;
}

/** The fields of an order that expires, as files store them: by whom and why, on which interface (absent: all), until when. */
export const STORED_EXPIRY = {
  interface: z.exactOptional(z.string()),
  reason: z.string(),
  by: z.string(),
  since: z.iso.datetime(),
  until: z.iso.datetime(),
  boot: z.string(),
  uptime: z.number(),
};

/** The end of something that lasts `duration` milliseconds from now. */
export function expiryAfter(duration: number): End {
  return {
    until: new Date(Date.now() + duration).toISOString(),
    boot: bootId(),
    uptime: uptime() + duration / 1000,
  };
}

/** The id of this boot, and the seconds since it. */
export type BootClock = Pick<End, 'boot' | 'uptime'>;

/** Reads files of /proc: call it once for many ends. */
export function bootClock(): BootClock {
  return { boot: bootId(), uptime: uptime() };
}

/** In the boot in which it was created, the time since boot decides, since the wall clock can be set. */
export function isExpired(end: End, now: BootClock): boolean {
  return now.uptime >= ofThisBoot(end, now).uptime;
}

/** The ends that have not passed, converted to the clock of this boot. */
export function unexpired<T extends End>(ends: readonly T[]): T[] {
  const now = bootClock();
  return ends.filter((one) => !isExpired(one, now)).map((one) => ofThisBoot(one, now));
}

/** Converts an end to the clock of this boot; unchanged when it is from this boot. */
export function ofThisBoot<T extends End>(end: T, now: BootClock): T {
  if (end.boot === now.boot) return end;
  return { ...end, boot: now.boot, uptime: now.uptime + (Date.parse(end.until) - Date.now()) / 1000 };
}
