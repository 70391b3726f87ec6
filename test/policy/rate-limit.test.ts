// What a rate is to the datapath: exact over its whole range, and never too large for 64 bits.
import { describe, expect, it } from 'vitest';
import type { RateLimit } from '../../src/model/policy.js';
import {
  bucketOf,
  COST_SHIFT,
  FILLS,
  type FillName,
  LONGEST_FILL,
  rateWords,
  TICK_SHIFT,
  USUAL_PREFIX,
} from '../../src/policy/rate-limit.js';

const LARGEST = { packets: 10_000_000, bytes: 12_500_000_000 };
/** Ten years of uptime, ns. */
const LONG_UPTIME = BigInt(Math.round(10 * 365.25 * 86_400 * 1e9));
/** The longest frame that a program sees: BIG TCP, in generic mode. */
const LONGEST_FRAME = 1 << 19;

const limitOf = (name: FillName, amount: number, burst: number): RateLimit =>
  ({ [name]: amount, burst, per: 'rule' }) as unknown as RateLimit;

/** ns that so many tokens cost, taken one frame of `bytes` at a time. */
function costOf(name: FillName, interval: bigint, bytes: number): number {
  if (FILLS[name].of === 'packets') return Number(interval);
  const ticks = (interval * BigInt(bytes) + (1n << BigInt(COST_SHIFT - 1))) >> BigInt(COST_SHIFT);
  return Number(ticks) / 2 ** TICK_SHIFT;
}

describe.each(Object.keys(FILLS) as FillName[])('%s', (name) => {
  const { of, seconds } = FILLS[name];
  const amounts = [1, 3, 7, 60, 999, 1234, 59_999, 1_000_000, LARGEST[of] / 3, LARGEST[of]].map(Math.floor);

  it.each(amounts)('%i: a token takes as long as it says', (amount) => {
    const { interval } = bucketOf(limitOf(name, amount, 1));
    for (const bytes of of === 'bytes' ? [60, 64, 1514, LONGEST_FRAME] : [1]) {
      const exact = (1e9 * seconds * bytes) / amount;
      expect(Math.abs(costOf(name, interval, bytes) / exact - 1), `${bytes} bytes`).toBeLessThan(0.013);
      expect(interval * BigInt(bytes) < 1n << 64n).toBe(true);
    }
  });

  it.each(amounts)('%i: the largest burst, after ten years, is below 2^64', (amount) => {
    const burst = Math.max(1, Math.floor((LONGEST_FILL * amount) / seconds));
    const { slack } = bucketOf(limitOf(name, amount, burst));
    const ticks = of === 'bytes' ? 1n << BigInt(TICK_SHIFT) : 1n;
    const one = of === 'bytes' ? (8_000_000_000n * BigInt(LONGEST_FRAME)) / BigInt(amount) : 0n;
    expect(LONG_UPTIME * ticks + slack + one < 1n << 64n).toBe(true);
    expect(
      Math.abs(Number(slack / ticks) / ((burst - 1) * (1e9 * seconds)) - 1 / amount) * amount,
    ).toBeLessThan(0.006);
  });
});

it.each<[RateLimit, string]>([
  [{ packetsPerSecond: 100, burst: 100, per: 'rule' }, 'above 100 packets/s'],
  [{ packetsPerMinute: 30, burst: 10, per: 'rule', when: 'below' }, 'below 30 packets/min and bursts of 10'],
  [{ packetsPerHour: 5, burst: 5, per: 'source', prefix: USUAL_PREFIX }, 'above 5 packets/h per source'],
  [
    { bytesPerSecond: 9, burst: 9, per: 'destination', prefix: { ipv4: 24, ipv6: 48 } },
    'above 9 bytes/s per destination (/24, /48)',
  ],
  [{ packetsPerSecond: 1, burst: 1, per: 'source' }, 'above 1 packets/s per source (/32, /128)'],
])('%o is said', (limit, words) => {
  expect(rateWords(limit)).toBe(words);
});
