// `family`: IPv4 or IPv6. A match with an address implies it.
import { base } from './base.js';
import { BY_LAYOUT, exceptWords, type Field, noWords } from './field.js';
import { notation } from './notation.js';

export const family: Field<'family'> = {
  layer: 'ip',
  inMatch: notation({ kind: 'family' }),
  inPacket: notation({ kind: 'family' }),
  help: { match: 'IPv4 or IPv6. Default: both.', packet: 'Default: that of the addresses, else IPv4.' },
  dimension: base,
  read: ({ ip }) => ip?.family,
  agrees: (asked, value) => asked.includes(value),
  except: exceptWords([4, 6]),
  put: BY_LAYOUT,
  describe: (value) => value,
  words: noWords,
  report: (value) => value,
  samples: [4, 6],
};
