// The schema of a rule's rate limit. Besides wrong values it refuses no rate or several, a bucket that would not fill within decades, and
// `pass` without `when`, which is ambiguous.
import * as z from 'zod';
import type { Action, FillRate, PrefixLengths, RateLimit } from '../../model/policy.js';
import {
  FILLS,
  type FillName,
  LONGEST_FILL,
  secondsToFill,
  USUAL_PREFIX,
  WHOLE_ADDRESS,
} from '../../policy/rate-limit.js';
import { checkFields, type FieldProblem } from '../yaml/check-fields.js';
import { mayBeAbsent, wholeNumber } from './values.js';

const MOST_PACKETS = 10_000_000;
/** 100 Gbit/s. */
const MOST_BYTES = 12_500_000_000;
const LARGEST_BURST = { packets: 1_000_000_000, bytes: 100_000_000_000 } as const;
const NAMES = Object.keys(FILLS) as FillName[];

const prefix = z
  .strictObject({
    ipv4: wholeNumber(0, 32).default(USUAL_PREFIX.ipv4),
    ipv6: wholeNumber(0, 128).default(USUAL_PREFIX.ipv6),
  })
  .describe('Bits of an address that have one limit together. Default: 32 of IPv4, 64 of IPv6.');

type Per = Pick<RateLimit, 'per' | 'prefix'>;

/** The default for IPv6 is /64, since a single host usually has a whole /64. */
const per: z.ZodType<Per> = z
  .union([
    z
      .enum(['rule', 'source', 'destination'])
      .transform((word): Per => (word === 'rule' ? { per: word } : { per: word, prefix: USUAL_PREFIX })),
    z.strictObject({ source: prefix }).transform(({ source }): Per => ({ per: 'source', prefix: source })),
    z
      .strictObject({ destination: prefix })
      .transform(({ destination }): Per => ({ per: 'destination', prefix: destination })),
  ])
  .describe('One limit for the rule, or one for each source or destination: IPv4 address, and /64 of IPv6.');

interface Written extends Partial<Record<FillName, number>> {
  burst?: number;
  per?: Per;
  sources?: number;
}

export const rateLimitSchema = z
  .strictObject({
    packetsPerSecond: mayBeAbsent(wholeNumber(1, MOST_PACKETS)),
    packetsPerMinute: mayBeAbsent(wholeNumber(1, MOST_PACKETS)),
    packetsPerHour: mayBeAbsent(wholeNumber(1, MOST_PACKETS)),
    bytesPerSecond: mayBeAbsent(wholeNumber(1, MOST_BYTES)).describe('Of frames, as counters count them.'),
    burst: mayBeAbsent(wholeNumber(1, LARGEST_BURST.bytes)).describe(
      'Packets, or bytes, that may come at once. Default: what comes in the time of the rate.',
    ),
    per: per.default({ per: 'rule' }),
    sources: mayBeAbsent(wholeNumber(1, 8_388_608)).describe(
      'With `per: source` or `destination`: how many are remembered at once. Default: 65536 for the whole policy.',
    ),
    when: mayBeAbsent(z.enum(['above', 'below'])).describe(
      'The rule matches what is above the rate, which is the default, or what is below it. Needed with action pass.',
    ),
  })
  .superRefine(...checkFields<Written>(findContradictions))
  .describe('The rule matches only what is above this rate, or with `when: below` what is not.');

function* findContradictions(limit: Partial<Written>): Generator<FieldProblem<Written>> {
  const given = NAMES.filter((name) => limit[name] !== undefined);
  const [name, other] = given;
  if (name === undefined || other !== undefined) {
    const fields = name === undefined ? NAMES : given;
    const of = name === undefined ? 'has no rate' : `has ${given.length} rates`;
    const summary = name === undefined ? 'missing field' : 'contradiction';
    yield {
      fields,
      ofMap: true,
      summary,
      message: `${of}, and needs one of ${NAMES.join(', ')}`,
      hint: HINT,
    };
    return;
  }
  const amount = limit[name] ?? 0;
  const { burst = amount, sources, per: whose } = limit;
  const { of } = FILLS[name];
  if (burst > LARGEST_BURST[of])
    yield { fields: ['burst', name], message: `must be a whole number from 1 to ${LARGEST_BURST[of]}` };
  else if (secondsToFill({ name, amount }, burst) > LONGEST_FILL)
    yield {
      fields: ['burst', name],
      summary: 'burst too large',
      message: `would take more than ${LONGEST_FILL} seconds to come back at this rate`,
      hint: `Write at most ${Math.floor((LONGEST_FILL * amount) / FILLS[name].seconds)}, or a higher rate.`,
    };
  if (sources !== undefined && (whose === undefined || whose.per === 'rule'))
    yield {
      fields: ['sources', 'per'],
      message: 'counts buckets of sources or destinations, and there is one for the rule',
      hint: 'Write `per: source`, or leave `sources` out.',
    };
}

const HINT = 'Write one of them, for example packetsPerSecond: 100.';

export interface LimitedRule {
  action: Action;
  rateLimit?: z.output<typeof rateLimitSchema>;
}

export function* passWithoutWhen({
  action,
  rateLimit,
}: Partial<LimitedRule>): Generator<FieldProblem<LimitedRule>> {
  if (action?.kind !== 'pass' || !rateLimit || rateLimit.when !== undefined) return;
  yield {
    fields: ['rateLimit', 'action'],
    summary: 'pass of which packets',
    message:
      'does not say which packets pass: `when: below` passes those within the rate and leaves the rest to the rules behind ' +
      'and the default; `when: above` passes the excess alone, and leaves what is within the rate to them',
    hint:
      'Write `when: below` into it to let so much through, which is mostly meant; ' +
      '`when: above` is what earlier releases did.',
  };
}

/** One limit for each address is a policy without prefix lengths, as earlier releases recorded it. */
function isWhole({ ipv4, ipv6 }: PrefixLengths): boolean {
  return ipv4 === WHOLE_ADDRESS.ipv4 && ipv6 === WHOLE_ADDRESS.ipv6;
}

/** Only for a limit that was not refused. */
export function toRateLimit({
  per: { per: whose, prefix: bits },
  when,
  burst,
  sources,
  ...fill
}: z.output<typeof rateLimitSchema>): RateLimit {
  const [amount = 1] = Object.values(fill);
  return {
    ...(fill as FillRate),
    burst: burst ?? amount,
    per: whose,
    ...(bits && !isWhole(bits) && { prefix: bits }),
    ...(sources !== undefined && { sources }),
    ...(when === 'below' && { when }),
  };
}
