// `vlan`: the id of the outer tag. No tag is a value as well.
import { BY_LAYOUT, type Field } from './field.js';
import { notation } from './notation.js';
import { isAnything, numberDimension } from './number-dimension.js';

/** Stands for "no tag" where ids are numbers. */
export const VLAN_NONE = 4096;

export const vlan: Field<'vlan'> = {
  layer: 'link',
  inMatch: notation({ kind: 'number-or-word', to: VLAN_NONE - 1, word: 'none', what: 'a VLAN id' }),
  inPacket: notation({ kind: 'tags', to: VLAN_NONE - 1 }),
  help: {
    match: 'Id of the outer tag, or none.',
    packet: 'Id of the tag, or of two tags, the outer one first.',
  },
  dimension: numberDimension({
    values: VLAN_NONE + 1,
    isIn: isAnything,
    ranges: (match) =>
      match.vlan?.map((id) => (id === 'none' ? VLAN_NONE : id)).map((id) => ({ from: id, to: id })),
    full: ({ tagged }) => [[0, tagged ? VLAN_NONE - 1 : VLAN_NONE]],
    natural: [VLAN_NONE],
    describe: (id, { tagged }) => (id === VLAN_NONE ? {} : { vlan: tagged ? [id, 0] : [id] }),
  }),
  read: (layers) => layers.vlan,
  agrees: (asked, value) => asked.includes(value),
  put: BY_LAYOUT,
  describe: (value) => (value === 'none' ? undefined : [value]),
  words: (ids) => ids.map((id) => `vlan ${id}`),
  report: (value) => (value === 'none' ? undefined : value),
  samples: [[0], [1], [100], [4095], [100, 0]],
};
