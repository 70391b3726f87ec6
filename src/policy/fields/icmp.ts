// The dimension `icmp`: ICMP type and code as one number, since a match with a code has a type as well.
import type { Match, Range } from '../../model/policy.js';
import { PROTOCOLS } from '../../model/names.js';
import type { Problem } from '../../text/wording.js';
import type { Needs } from './field.js';
import { numberDimension } from './number-dimension.js';

const ANY_TYPE: Range[] = [{ from: 0, to: 255 }];

function rangesOf({ icmpType, icmpCode: codes }: Match): Range[] | undefined {
  if (!icmpType && !codes) return undefined;
  return (icmpType ?? ANY_TYPE).flatMap(({ from, to }) =>
    codes
      ? Array.from({ length: to - from + 1 }, (_, i) => (from + i) << 8).flatMap((type) =>
          codes.map((code) => ({ from: type | code.from, to: type | code.to })),
        )
      : [{ from: from << 8, to: (to << 8) | 255 }],
  );
}

export const icmp = numberDimension({
  values: 65536,
  isIn: ({ transport }) => transport === 'icmp',
  ranges: rangesOf,
  describe: (value) => ({ icmpType: value >>> 8, icmpCode: value & 255 }),
});

export const ICMP_PROTOCOLS: readonly number[] = [PROTOCOLS.icmp, PROTOCOLS.icmpv6];

export const needsIcmp: Needs = { protocols: ICMP_PROTOCOLS, mustBeNamed: false, problem: notIcmp };

export function notIcmp(): Problem {
  return {
    summary: 'ICMP field without ICMP',
    message: 'goes with protocol icmp or icmpv6 alone',
    hint: 'Write `protocol: icmp` (IPv4) or `protocol: icmpv6` (IPv6).',
  };
}
