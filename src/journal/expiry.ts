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

/** In the boot that it was made in, its clock decides: the wall's may be set. */
export function isExpired(end: End): boolean {
  return uptime() >= ofThisBoot(end).uptime;
}

/** The same end by the clock of this boot. */
export function ofThisBoot<T extends End>(end: T): T {
  const boot = bootId();
  if (end.boot === boot) return end;
  return { ...end, boot, uptime: uptime() + (Date.parse(end.until) - Date.now()) / 1000 };
}
