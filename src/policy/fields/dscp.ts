// `dscp`: the upper six bits of the type of service of IPv4, of the traffic class of IPv6 (RFC 2474).
import { nothing } from './field.js';
import type { IpLayer } from './layers.js';
import { notation } from './notation.js';
import { isIp, numberDimension } from './number-dimension.js';
import { numberField, wordUnless } from './number-field.js';

const USUAL = 0;

/** Where the six bits lie in the first two bytes of the header: bits to their right. */
const SHIFT = { 4: 2, 6: 6 } as const;
const MASK = 63;

function write({ family, header }: IpLayer, value: number): void {
  const others = header.getUint16(0) & ~(MASK << SHIFT[family]);
  header.setUint16(0, others | (value << SHIFT[family]));
}

export const dscp = numberField<'dscp'>({
  layer: 'ip',
  inMatch: notation({ kind: 'range', to: MASK }),
  inPacket: notation({ kind: 'number', to: MASK }),
  help: {},
  dimension: numberDimension({
    values: MASK + 1,
    isIn: isIp,
    ranges: (match) => match.dscp,
    natural: [USUAL],
    describe: (value) => ({ dscp: value }),
  }),
  read: ({ ip }) => ip && (ip.header.getUint16(0) >>> SHIFT[ip.family]) & MASK,
  put: ({ ip }, value = USUAL) => {
    if (ip) write(ip, value);
  },
  words: wordUnless(USUAL, 'dscp'),
  report: nothing,
  samples: [0, 10, 46, 63],
});
