// Expiry of blocks and suspensions. It is kept on two clocks: the time since boot, which nobody can set, and the wall
// clock, which counts after a reboot.
import * as z from 'zod';
import { bootId, uptime } from '../kernel/boot.js';

export interface End {
  /** ISO 8601, wall clock. */
  until: string;
  /** The boot that it was made in, and the second of that boot at which it ends. */
  boot: string;
  uptime: number;
}

/** How files have what ends: who asked for it and why, on which interface (absent: all), until when. */
export const STORED_EXPIRY = {
  interface: z.exactOptional(z.string()),
  reason: z.string(),
  by: z.string(),
  since: z.iso.datetime(),
  until: z.iso.datetime(),
  boot: z.string(),
  uptime: z.number(),
};

/** Milliseconds from now. */
export function expiryAfter(duration: number): End {
  return {
    until: new Date(Date.now() + duration).toISOString(),
    boot: bootId(),
    uptime: uptime() + duration / 1000,
  };
}

/** Which boot this is, and its second now. */
export type BootClock = Pick<End, 'boot' | 'uptime'>;

/** Read once for many ends: it comes from files. */
export function bootClock(): BootClock {
  return { boot: bootId(), uptime: uptime() };
}

/** In the boot that it was made in, its clock decides: the wall's may be set. */
export function isExpired(end: End, now: BootClock): boolean {
  return now.uptime >= ofThisBoot(end, now).uptime;
}

/** Those whose time is not over, by the clock of this boot. */
export function unexpired<T extends End>(ends: readonly T[]): T[] {
  const now = bootClock();
  return ends.filter((one) => !isExpired(one, now)).map((one) => ofThisBoot(one, now));
}

/** The same end by the clock of this boot. */
export function ofThisBoot<T extends End>(end: T, now: BootClock): T {
  if (end.boot === now.boot) return end;
  return { ...end, boot: now.boot, uptime: now.uptime + (Date.parse(end.until) - Date.now()) / 1000 };
}
