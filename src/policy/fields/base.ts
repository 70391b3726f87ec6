// The dimension `base`: family, fragment state and protocol as one number, as in bpf/packet.h. Nearly every policy uses the protocol, and
// in this way all three cost one lookup.
import type { FragmentKind, Match, PacketDescription, Range } from '../../model/policy.js';
import type { PacketKind } from './dimension.js';
import { isIp, numberDimension } from './number-dimension.js';

/** The values of enum fragment in bpf/packet.h. */
export const FRAGMENTS: readonly FragmentKind[] = ['none', 'first', 'later'];
const ANY_BYTE: Range[] = [{ from: 0, to: 255 }];

/** The number of a packet; 0 for a frame that is not IP. */
export function baseKey(family: 4 | 6, fragment: FragmentKind, protocol: number): number {
  const families = family === 4 ? 0 : FRAGMENTS.length;
  return ((1 + families + FRAGMENTS.indexOf(fragment)) << 8) | protocol;
}

/** Of the base of an IP packet. */
function fragmentOf(base: number): FragmentKind {
  return FRAGMENTS[((base >>> 8) - 1) % FRAGMENTS.length] ?? 'none';
}

function rangesOf(match: Match): Range[] | undefined {
  if (!match.family && !match.protocol && !match.fragment) return undefined;
  return (match.family ?? ([4, 6] as const)).flatMap((family) =>
    (match.fragment ?? FRAGMENTS).flatMap((fragment) =>
      (match.protocol ?? ANY_BYTE).map(({ from, to }) => ({
        from: baseKey(family, fragment, from),
        to: baseKey(family, fragment, to),
      })),
    ),
  );
}

function describe(base: number, { family }: PacketKind): PacketDescription {
  if (family === 'none') return {};
  const fragment = fragmentOf(base);
  return { family, protocol: base & 255, ...(fragment !== 'none' && { fragment }) };
}

export const base = numberDimension({
  values: (1 + 2 * FRAGMENTS.length) * 256,
  isAlwaysThere: true,
  isIn: isIp,
  ranges: rangesOf,
  full: (kind) => kind.base,
  describe,
});
