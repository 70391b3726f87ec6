// `vlan`: the id of the outermost tag whose id is not 0 (a tag with id 0 carries only a priority). "No tag" is a value as well.
import { BY_LAYOUT, exceptWords, type Field } from './field.js';
import { notation } from './notation.js';
import { isAnything, numberDimension } from './number-dimension.js';

/** The number for "no tag". */
export const VLAN_NONE = 4096;

export const vlan: Field<'vlan'> = {
  layer: 'link',
  inMatch: notation({
    kind: 'number-or-word',
    from: 1,
    to: VLAN_NONE - 1,
    word: 'none',
    what: 'a VLAN id',
    below: 'A tag with id 0 says a priority alone, and counts as no tag: `none` is for such frames too.',
  }),
  inPacket: notation({ kind: 'tags', to: VLAN_NONE - 1 }),
  help: {
    match: 'Id of the outer tag, or none. A tag with id 0 counts as none.',
    packet: 'Id of the tag, or of two tags, the outer one first.',
  },
  dimension: numberDimension({
    values: VLAN_NONE + 1,
    isIn: isAnything,
    ranges: (match) =>
      match.vlan?.map((id) => (id === 'none' ? VLAN_NONE : id)).map((id) => ({ from: id, to: id })),
    full: () => [[1, VLAN_NONE]],
    natural: [VLAN_NONE],
    describe: (id) => (id === VLAN_NONE ? {} : { vlan: [id] }),
  }),
  read: (layers) => layers.vlan,
  agrees: (asked, value) => asked.includes(value),
  except: exceptWords<number | 'none'>(['none', ...Array.from({ length: VLAN_NONE - 1 }, (_, id) => id + 1)]),
  put: BY_LAYOUT,
  describe: (value) => (value === 'none' ? undefined : [value]),
  words: (ids) => ids.map((id) => `vlan ${id}`),
  report: (value) => (value === 'none' ? undefined : value),
  samples: [[0], [1], [100], [4095], [100, 0], [0, 1], [0, 0]],
};
