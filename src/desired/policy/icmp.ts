// ICMP types by name. One name stands for different numbers in ICMP and ICMPv6, so that it needs the protocol.
import type { Range } from '../../model/policy.js';
import { ICMP_TYPES, PROTOCOLS } from '../../model/names.js';
import { parseRange, RANGE_PATTERN, unknownName } from './values.js';
import type { Problem } from '../../text/wording.js';

export const ICMP_PROTOCOLS: readonly number[] = [PROTOCOLS.icmp, PROTOCOLS.icmpv6];

/** The number is known once the protocol is. */
export interface IcmpName {
  icmpName: string;
}

const NAMES = [...new Set(Object.values(ICMP_TYPES).flatMap((types) => Object.keys(types)))];

/** JSON schema of the text. */
export const ICMP_TYPE_META = { anyOf: [{ enum: NAMES }, { pattern: RANGE_PATTERN }] };

export function parseIcmpType(text: string): Range | IcmpName | Problem {
  if (NAMES.includes(text)) return { icmpName: text };
  return /^\d/.test(text) ? parseRange(text, 255) : unknownName(text, NAMES, 'a number from 0 to 255');
}

/** `protocols` are those of the match or packet: a name has a number only if there is one, and it is ICMP. */
export function icmpTypeNumber({ icmpName }: IcmpName, protocols: readonly number[]): number | Problem {
  const [protocol, other] = new Set(protocols);
  if (protocol === undefined || other !== undefined) {
    return {
      summary: 'ICMP type without its protocol',
      message: `says ${icmpName}, which stands for one number in icmp and another in icmpv6`,
      hint: 'Write `protocol: icmp` or `protocol: icmpv6`, with a rule for each.',
    };
  }
  const types = ICMP_TYPES[protocol];
  if (!types) return notIcmp();
  const number = types[icmpName];
  if (number !== undefined) return number;
  const name = protocol === PROTOCOLS.icmp ? 'icmp' : 'icmpv6';
  return { message: `says ${icmpName}, which ${name} does not have`, hint: `It has ${list(types)}.` };
}

export function notIcmp(): Problem {
  return {
    summary: 'ICMP field without ICMP',
    message: 'goes with protocol icmp or icmpv6 alone',
    hint: 'Write `protocol: icmp` (IPv4) or `protocol: icmpv6` (IPv6).',
  };
}

function list(types: Record<string, number>): string {
  return Object.keys(types).join(', ');
}
