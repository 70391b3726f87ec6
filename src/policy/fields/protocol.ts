// `protocol`: that of the transport, in IPv6 behind the extension headers.
import { PROTOCOLS } from '../../model/names.js';
import { base } from './base.js';
import { BY_LAYOUT, noWords } from './field.js';
import { notation } from './notation.js';
import { numberField } from './number-field.js';

const SHOWN: Record<number, string> = {
  1: 'icmp',
  2: 'igmp',
  6: 'tcp',
  17: 'udp',
  47: 'gre',
  50: 'esp',
  58: 'icmpv6',
  132: 'sctp',
};

/** `tcp`, or `protocol 253` where it has no name. */
export function protocolName(protocol: number): string {
  return SHOWN[protocol] ?? `protocol ${protocol}`;
}

export const protocol = numberField<'protocol'>({
  layer: 'ip',
  inMatch: notation({ kind: 'exact', to: 255, names: PROTOCOLS }),
  inPacket: notation({ kind: 'number', to: 255, names: PROTOCOLS }),
  help: { match: 'By name or number.', packet: 'Default: tcp.' },
  dimension: base,
  read: ({ ip }) => ip?.protocol,
  put: BY_LAYOUT,
  words: noWords,
  report: protocolName,
  samples: [1, 6, 17, 58, 132, 47, 50, 2, 59],
});
