// Fields of one match that cannot go together: it would silently never match, or match more than it says.
import { formatCidr } from '../../addresses/format.js';
import { PORT_PROTOCOLS, PROTOCOLS } from '../../model/names.js';
import type { FieldProblem } from '../yaml/check-fields.js';
import { ICMP_PROTOCOLS, icmpTypeNumber, notIcmp } from './icmp.js';
import type { WrittenMatch } from './match-fields.js';
import type { Problem } from '../../text/wording.js';

type Contradiction = FieldProblem<WrittenMatch>;

export function* findContradictions(match: WrittenMatch): Generator<Contradiction> {
  const protocols = match.protocol?.map(({ from }) => from);
  const isOnly = (allowed: readonly number[]): boolean =>
    protocols?.every((protocol) => allowed.includes(protocol)) ?? false;
  for (const field of ['sourcePort', 'destinationPort'] as const) {
    if (match[field] && !isOnly(PORT_PROTOCOLS))
      yield { fields: [field, 'protocol'], ...noPorts(protocols !== undefined) };
  }
  if (protocols && !isOnly(ICMP_PROTOCOLS)) {
    if (match.icmpType) yield { fields: ['icmpType', 'protocol'], ...notIcmp() };
    if (match.icmpCode) yield { fields: ['icmpCode', 'protocol'], ...notIcmp() };
  } else yield* unknownIcmpTypes(match, protocols ?? []);
  if (match.tcpFlags && protocols && !isOnly([PROTOCOLS.tcp]))
    yield { fields: ['tcpFlags', 'protocol'], ...notTcp() };
  if (match.tcpFlags?.some(({ mask }) => mask === 0)) {
    yield { fields: ['tcpFlags'], message: 'must name a flag', hint: 'Write {syn: true, ack: false}.' };
  }
  for (const field of ['source', 'destination'] as const) yield* otherFamilies(match, field);
}

export function noPorts(hasProtocol: boolean): Problem {
  return {
    summary: 'port without a port protocol',
    message: 'goes with protocol tcp, udp or sctp alone: no other has ports',
    hint: hasProtocol
      ? 'Write tcp, udp or sctp, and a rule of its own for what has no ports.'
      : 'Add `protocol: tcp`, or `protocol: [tcp, udp]`.',
  };
}

export function notTcp(): Problem {
  return {
    summary: 'TCP flags without TCP',
    message: 'goes with protocol tcp alone',
    hint: 'Write `protocol: tcp`, and a rule of its own for other protocols.',
  };
}

function* unknownIcmpTypes(match: WrittenMatch, protocols: number[]): Generator<Contradiction> {
  for (const type of match.icmpType ?? []) {
    const number = 'icmpName' in type ? icmpTypeNumber(type, protocols) : type.from;
    if (typeof number === 'number') continue;
    yield { fields: ['icmpType', 'protocol'], ...number };
    return;
  }
}

function* otherFamilies(
  { family, ...match }: WrittenMatch,
  field: 'source' | 'destination',
): Generator<Contradiction> {
  const written = match[field]?.filter((one) => 'family' in one) ?? [];
  const other = family && written.find((one) => !family.includes(one.family));
  if (!family || !other) return;
  yield {
    fields: [field, 'family'],
    summary: 'contradiction',
    message: `names ${formatCidr(other)}, which is IPv${other.family}: \`family\` leaves that out`,
    hint: 'Remove it, or the `family`: the addresses say it already.',
  };
}
