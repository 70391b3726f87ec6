// Compiles a match for the tap (bpf/tap.h), which filters in the datapath: no matching packet is left out, and most others
// are. evaluate.ts decides about the rest.
import type { AddressSet, Match, Range } from '../../model/policy.js';
import { plainOf } from '../fields/plain-match.js';
import { FIELD_NAMES, FIELDS } from '../fields/registry.js';

export const FAMILY = { 4: 1, 6: 2, other: 4 } as const;
export const TAP_BYTES = 104;
/** Fields that only an IP packet has. */
const OF_IP = FIELD_NAMES.filter((name) => FIELDS[name].layer !== 'link');

/** struct tap without its time. `verdicts`: enum xdp_action. */
export function makeTap(asked: Match, verdicts: readonly number[]): Uint8Array {
  const match = plainOf(asked);
  const tap = new DataView(new ArrayBuffer(TAP_BYTES));
  tap.setUint32(8, verdicts.reduce((bits, verdict) => bits | (1 << verdict), 0) >>> 0, true);
  tap.setUint32(12, familiesOf(match), true);
  const protocols = new Uint8Array(tap.buffer, 16, 32); // bits of little-endian words are the bits of their bytes
  for (const { from, to } of match.protocol ?? [{ from: 0, to: 255 }])
    for (let bit = from; bit <= to; bit++)
      protocols[bit >>> 3] = (protocols[bit >>> 3] ?? 0) | (1 << (bit & 7));
  setBounds(tap, 48, match.source);
  setBounds(tap, 72, match.destination);
  setPorts(tap, 96, match.sourcePort);
  setPorts(tap, 100, match.destinationPort);
  return new Uint8Array(tap.buffer);
}

/** The same until a time: ns of CLOCK_MONOTONIC. */
export function tapUntil(tap: Uint8Array, until: bigint): Uint8Array {
  const timed = tap.slice();
  new DataView(timed.buffer).setBigUint64(0, until, true);
  return timed;
}

function familiesOf(match: Match): number {
  const isIp = OF_IP.some((field) => match[field] !== undefined);
  const can = (family: 4 | 6): number => {
    const isNamed = !match.family || match.family.includes(family);
    const has = (set: AddressSet | undefined): boolean =>
      !set || set.content()[family === 4 ? 'four' : 'six'].length > 0;
    return isNamed && has(match.source) && has(match.destination) ? FAMILY[family] : 0;
  };
  return can(4) | can(6) | (isIp ? 0 : FAMILY.other);
}

/** The first and the last address of a set; of IPv6 their upper halves. */
function setBounds(tap: DataView, at: number, set: AddressSet | undefined): void {
  const { four, six } = set?.content() ?? { four: new Uint32Array(), six: new Uint32Array() };
  tap.setUint32(at, four.at(0) ?? 0, true);
  tap.setUint32(at + 4, four.at(-1) ?? 0xffffffff, true);
  const half = (from: number): bigint => (BigInt(six.at(from) ?? 0) << 32n) | BigInt(six.at(from + 1) ?? 0);
  tap.setBigUint64(at + 8, six.length === 0 ? 0n : half(0), true);
  tap.setBigUint64(at + 16, six.length === 0 ? 2n ** 64n - 1n : half(-4), true);
}

function setPorts(tap: DataView, at: number, ranges: readonly Range[] = [{ from: 0, to: 65535 }]): void {
  tap.setUint16(at, Math.min(...ranges.map(({ from }) => from)), true);
  tap.setUint16(at + 2, Math.max(...ranges.map(({ to }) => to)), true);
}
