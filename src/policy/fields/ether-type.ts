// `etherType`: that of the frame, after VLAN tags. Every frame has one. Frames that are not IP reach the rules only with `nonIp: match`.
import { ETHER_TYPES } from '../../model/names.js';
import { BY_LAYOUT } from './field.js';
import { notation } from './notation.js';
import { isAnything, numberDimension } from './number-dimension.js';
import { numberField } from './number-field.js';

const VALUES = 65536;
const OF_IP: readonly number[] = [ETHER_TYPES.ipv4, ETHER_TYPES.ipv6];

/** `0x0806` */
export function formatEtherType(type: number): string {
  return `0x${type.toString(16).padStart(4, '0')}`;
}

export const etherType = numberField<'etherType'>({
  layer: 'link',
  inMatch: notation({ kind: 'range', to: VALUES - 1, names: ETHER_TYPES }),
  inPacket: notation({ kind: 'number', to: VALUES - 1, names: ETHER_TYPES }),
  help: {
    match: 'Behind VLAN tags. Reached with `nonIp: match`.',
    packet: 'Anything but ipv4 and ipv6 makes a frame that is not IP.',
  },
  dimension: numberDimension({
    values: VALUES,
    isIn: isAnything,
    ranges: (match) => match.etherType,
    full: ({ etherTypes }) => etherTypes,
    describe: (value, { family }) => (family === 'none' ? { etherType: value } : {}),
  }),
  read: (layers) => layers.etherType,
  put: BY_LAYOUT,
  describe: (value) => (OF_IP.includes(value) ? undefined : value),
  words: (value) => (OF_IP.includes(value) ? [] : [`etherType ${formatEtherType(value)}`]),
  report: (value) => value,
  samples: [0x0806, 0x88cc, 0x9100, 0x0800, 0x86dd, 0x0600],
});
