// What a rate limit is to the datapath, and in words. A bucket is kept as a time (bpf/conditions.h): what a packet costs is time,
// in nanoseconds, which is exact to 0.5 % at 10,000,000 packets a second; of bytes in eighths of them, exact to 1.3 % for the
// smallest frames at 100 Gbit/s. Neither overflows 64 bits, whatever the schema lets in.
import type { FillRate, PrefixLengths, RateLimit } from '../model/policy.js';

const SECOND = 1_000_000_000;

/** bpf/tables.h says the same. */
export const TICK_SHIFT = 3;
export const COST_SHIFT = 8;

/** What fills a bucket: field -> of what, and in how many seconds. */
export const FILLS = {
  packetsPerSecond: { of: 'packets', seconds: 1, word: 's' },
  packetsPerMinute: { of: 'packets', seconds: 60, word: 'min' },
  packetsPerHour: { of: 'packets', seconds: 3600, word: 'h' },
  bytesPerSecond: { of: 'bytes', seconds: 1, word: 's' },
} as const;
export type FillName = keyof typeof FILLS;

/** What a state file means that says no prefix lengths. */
export const USUAL_PREFIX: PrefixLengths = { ipv4: 32, ipv6: 64 };
/** Each address alone. */
export const WHOLE_ADDRESS: PrefixLengths = { ipv4: 32, ipv6: 128 };

/** Seconds in which the largest bucket fills. With a clock that has run for ten years its time is below 2^64. */
export const LONGEST_FILL = 1e9;

/** The field, and how much comes in its time. */
export function fillOf(limit: FillRate): { name: FillName; amount: number } {
  for (const name of Object.keys(FILLS) as FillName[]) {
    const amount = (limit as Partial<Record<FillName, number>>)[name];
    if (amount !== undefined) return { name, amount };
  }
  throw new TypeError('a rate limit without a rate');
}

/** Seconds in which a bucket of `burst` tokens fills. */
export function secondsToFill({ name, amount }: ReturnType<typeof fillOf>, burst: number): number {
  return (burst * FILLS[name].seconds) / amount;
}

/** `interval` and `slack` of struct record. */
export function bucketOf(limit: RateLimit): { interval: bigint; slack: bigint } {
  const { name, amount } = fillOf(limit);
  const { of, seconds } = FILLS[name];
  const tokens = limit.burst - 1;
  if (of === 'packets') {
    const interval = BigInt(Math.max(1, Math.round((SECOND * seconds) / amount)));
    return { interval, slack: interval * BigInt(tokens) };
  }
  const ticks = (SECOND * seconds * 2 ** TICK_SHIFT) / amount;
  const interval = Math.max(1, Math.round(ticks * 2 ** COST_SHIFT));
  return { interval: BigInt(interval), slack: BigInt(Math.floor(ticks * tokens)) };
}

/** `above 100 packets/s and bursts of 200 per source /24 or /64` */
export function rateWords(limit: RateLimit): string {
  const { name, amount } = fillOf(limit);
  const { of, word } = FILLS[name];
  const { burst, per, prefix = WHOLE_ADDRESS, when = 'above' } = limit;
  const bursts = burst === amount ? '' : ` and bursts of ${burst}`;
  const { ipv4, ipv6 } = USUAL_PREFIX;
  const isUsual = prefix.ipv4 === ipv4 && prefix.ipv6 === ipv6;
  const whose = per === 'rule' ? '' : ` per ${per}${isUsual ? '' : ` (/${prefix.ipv4}, /${prefix.ipv6})`}`;
  return `${when} ${amount} ${of}/${word}${bursts}${whose}`;
}
