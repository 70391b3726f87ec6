// `length`: bytes of the IP packet, header included; Ethernet padding does not count.
import { BY_LAYOUT, nothing } from './field.js';
import { notation } from './notation.js';
import { isIp, numberDimension } from './number-dimension.js';
import { numberField, wordUnless } from './number-field.js';

const VALUES = 65536;

export const length = numberField<'length'>({
  layer: 'ip',
  inMatch: notation({ kind: 'range', to: VALUES - 1 }),
  inPacket: notation({ kind: 'number', from: 1, to: VALUES - 1 }),
  help: { match: 'Bytes of the IP packet.', packet: 'Bytes of the IP packet, filled up with zeros.' },
  dimension: numberDimension({
    values: VALUES,
    isIn: isIp,
    ranges: (match) => match.length,
    full: ({ shortest }) => [[shortest, VALUES - 1]],
    natural: [60, 84, 100],
    describe: (value, _kind, asked) => (asked ? { length: value } : {}),
  }),
  read: ({ ip }) => ip && Math.min(ip.length, VALUES - 1), // IPv6 does not count its own header
  put: BY_LAYOUT,
  describe: nothing, // every packet has one
  words: wordUnless(undefined, 'length'),
  report: nothing,
  samples: [20, 40, 56, 60, 100, 1280],
});
