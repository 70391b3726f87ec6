// `fragment`: is the packet a part of a larger one? Only the first part has a transport header.
import type { FragmentKind } from '../../model/policy.js';
import { base, FRAGMENTS } from './base.js';
import { BY_LAYOUT, exceptWords, type Field } from './field.js';
import { type NotationOf, notation } from './notation.js';

const written: NotationOf<FragmentKind> = notation({ kind: 'word', words: ['none', 'first', 'later'] });

export const fragment: Field<'fragment'> = {
  layer: 'ip',
  inMatch: written,
  inPacket: written,
  help: { match: 'Not fragmented, the first fragment, a later one. Only the first has a transport header.' },
  dimension: base,
  read: ({ ip }) => ip?.fragment,
  agrees: (asked, value) => asked.includes(value),
  except: exceptWords(FRAGMENTS),
  put: BY_LAYOUT,
  describe: (value) => value,
  words: (value) => (value === 'none' ? [] : [`${value} fragment`]),
  report: (value) => (value === 'none' ? undefined : value),
  samples: FRAGMENTS,
};
