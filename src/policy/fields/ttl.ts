// `ttl`: time to live of IPv4, hop limit of IPv6.
import { PROTOCOLS } from '../../model/names.js';
import { ND_HOPS } from './icmp-type.js';
import type { IpLayer } from './layers.js';
import { notation } from './notation.js';
import { isIp, numberDimension } from './number-dimension.js';
import { numberField, wordUnless } from './number-field.js';

const AT = { 4: 8, 6: 7 } as const;
const USUAL = 64;

export const ttl = numberField<'ttl'>({
  layer: 'ip',
  inMatch: notation({ kind: 'range', to: 255 }),
  inPacket: notation({ kind: 'number', to: 255 }),
  help: { match: 'Time to live of IPv4, hop limit of IPv6.' },
  dimension: numberDimension({
    values: 256,
    isIn: isIp,
    ranges: (match) => match.ttl,
    natural: [USUAL, ND_HOPS],
    describe: (value) => ({ ttl: value }),
  }),
  read: ({ ip }) => ip?.header.getUint8(AT[ip.family]),
  put: ({ ip }, value) => {
    if (ip) ip.header.setUint8(AT[ip.family], value ?? usualOf(ip));
  },
  words: wordUnless(USUAL, 'ttl'),
  report: (value) => value,
  samples: [0, 1, 63, 64, 255],
});

function usualOf({ family, protocol }: IpLayer): number {
  return family === 6 && protocol === PROTOCOLS.icmpv6 ? ND_HOPS : USUAL;
}
