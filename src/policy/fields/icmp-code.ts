// `icmpCode`: the code of ICMP and ICMPv6.
import { icmp, needsIcmp } from './icmp.js';
import { notation } from './notation.js';
import { numberField, wordUnless } from './number-field.js';

export const icmpCode = numberField<'icmpCode'>({
  layer: 'transport',
  inMatch: notation({ kind: 'range', to: 255 }),
  inPacket: notation({ kind: 'number', to: 255 }),
  help: { packet: 'Default: 0.' },
  needs: needsIcmp,
  dimension: icmp,
  read: ({ transport }) => (transport?.protocol === 'icmp' ? transport.header.getUint8(1) : undefined),
  put: ({ transport }, value = 0) => {
    if (transport?.protocol === 'icmp') transport.header.setUint8(1, value);
  },
  words: wordUnless(undefined, 'code'),
  report: (value) => value,
  samples: [0, 1, 3, 255],
});
