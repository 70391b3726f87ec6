// `icmpType`: the type of ICMP and ICMPv6. A name has a different number in each, so a match with a name needs the protocol.
import { ICMP_TYPES, PROTOCOLS } from '../../model/names.js';
import type { Range } from '../../model/policy.js';
import type { Problem } from '../../text/wording.js';
import type { FieldProblem, IcmpName, WrittenMatch } from './field.js';
import { icmp, ICMP_PROTOCOLS, needsIcmp, notIcmp } from './icmp.js';
import { type NotationOf, notation } from './notation.js';
import { numberField, wordUnless } from './number-field.js';

const NAMES = [...new Set(Object.values(ICMP_TYPES).flatMap((types) => Object.keys(types)))];
/** ICMPv6 types of neighbour discovery (RFC 4861): router solicitation to redirect. */
export const ND_FIRST = 133;
export const ND_LAST = 137;
/** The hop limit of neighbour discovery: not forwarded by a router; hosts accept nothing else (RFC 4861). */
export const ND_HOPS = 255;
const ECHO_REQUEST = { 4: 8, 6: 128 } as const;

const written: NotationOf<Range | IcmpName> = notation({ kind: 'named-range', to: 255, names: NAMES });

export const icmpType = numberField<'icmpType'>({
  layer: 'transport',
  inMatch: written,
  inPacket: written,
  help: { match: 'A name needs protocol icmp or icmpv6 beside it.', packet: 'Default: echo-request.' },
  needs: needsIcmp,
  problems: unknownNames,
  dimension: icmp,
  read: ({ transport }) => (transport?.protocol === 'icmp' ? transport.header.getUint8(0) : undefined),
  put: ({ ip, transport }, value = ECHO_REQUEST[ip?.family ?? 4]) => {
    if (transport?.protocol === 'icmp') transport.header.setUint8(0, value);
  },
  words: wordUnless(undefined, 'type'),
  report: (value) => value,
  samples: [0, 8, 128, 129, 133, 135, 137, 138],
});

function* unknownNames(match: WrittenMatch): Generator<FieldProblem> {
  const protocols = match.protocol?.map(({ from }) => from) ?? [];
  if (protocols.some((protocol) => !ICMP_PROTOCOLS.includes(protocol))) return; // said already
  for (const type of match.icmpType ?? []) {
    const number = 'icmpName' in type ? icmpTypeNumber(type, protocols) : type.from;
    if (typeof number === 'number') continue;
    yield { fields: ['icmpType', 'protocol'], ...number };
    return;
  }
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
  return {
    message: `says ${icmpName}, which ${name} does not have`,
    hint: `It has ${Object.keys(types).join(', ')}.`,
  };
}
