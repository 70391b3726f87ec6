// `connection`: what a packet is to the connections of its host. Stands in no header: tables of the host know it (bpf/connections.h), and
// the datapath asks them where a rule that wants to know is reached, and not before.
import { CONNECTION_STATES, type ConnectionState } from '../../model/policy.js';
import { union, type Interval } from '../analysis/intervals.js';
import type { NumberDimension } from './dimension.js';
import { BY_LAYOUT, exceptWords, type Field, nothing } from './field.js';
import { type NotationOf, notation } from './notation.js';
import { isIp, numberDimension } from './number-dimension.js';

const written: NotationOf<ConnectionState> = notation({ kind: 'word', words: CONNECTION_STATES });

/** The value of a packet while nobody has asked: every rule that wants to know could be the one. */
const UNASKED = 0;

function valueOf(state: ConnectionState): number {
  return CONNECTION_STATES.indexOf(state) + 1;
}

function dimension(): NumberDimension {
  const known: Interval[] = [[1, CONNECTION_STATES.length]];
  const plain = numberDimension({
    values: CONNECTION_STATES.length + 1,
    isIn: isIp,
    ranges: (match) =>
      match.connection && [
        { from: UNASKED, to: UNASKED },
        ...match.connection.map(valueOf).map((value) => ({ from: value, to: value })),
      ],
    full: () => known,
    natural: [valueOf('new')],
    describe: (value, _kind, asked) => {
      const state = CONNECTION_STATES[value - 1];
      return asked && state ? { connection: state } : {};
    },
  });
  return {
    ...plain,
    side: ({ connection }) =>
      connection && union(connection.map(valueOf).map((value): Interval => [value, value])),
  };
}

export const connection: Field<'connection'> = {
  layer: 'ip',
  inMatch: written,
  inPacket: written,
  help: {
    match:
      'What the packet is to the connections of this host: one that it knows, an error about one, the beginning of another, or none of them.',
    packet: 'What it is taken for. Default: what a packet of no known connection is.',
  },
  dimension: dimension(),
  read: nothing,
  agrees: (asked, value) => asked.includes(value),
  except: exceptWords(CONNECTION_STATES),
  put: BY_LAYOUT,
  describe: (value) => value,
  words: (value) => [value],
  report: nothing,
  samples: CONNECTION_STATES,
};
