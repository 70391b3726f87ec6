// What the maps of large address sets must hold, made from the lists and not from the kernel: the set itself, or a set as it
// was and the delta that changes it.
import { mapInfo } from '../kernel/pinned.js';
import { readSetHead } from '../kernel/sets.js';
import { ifReadable } from '../disk/if-readable.js';
import type { ObjectStore } from '../model/object-store.js';
import { decodeRanges } from '../addresses/range-bytes.js';
import { differences } from '../addresses/ranges.js';
import type { TableSet } from '../model/tables.js';
import { digestOf, layOutSet, SET_HEAD } from '../policy/compile/set-layout.js';
import type { OpenSet } from './sets.js';

export interface Expected {
  /** For people. */
  what: string;
  /** Absent when the store has lost what it would be made of. */
  value?: Uint8Array;
}

/** By id of the map; `open` and `wanted` are by slot. */
export function expectedSets(
  open: readonly OpenSet[],
  wanted: readonly TableSet[],
  store: Pick<ObjectStore, 'get'>,
): Map<number, Expected> {
  const expected = new Map<number, Expected>();
  for (const [slot, { name, map, delta }] of open.entries()) {
    const set = wanted[slot];
    if (!set) continue;
    const what = `its list ${name}`;
    const { digest } = set;
    if (!delta) {
      expected.set(mapInfo(map).id, { what, value: layOutSet(set.content(), { digest }) });
      continue;
    }
    const head = readSetHead(map, SET_HEAD);
    const base = head && digestOf(head);
    const was = base === undefined ? undefined : ifReadable(() => decodeRanges(store.get(base, 'set')));
    if (base === undefined || !was) continue;
    expected.set(mapInfo(map).id, { what, value: layOutSet(was, { digest: base }) });
    const value = layOutSet(differences(was, set.content()), { digest, base });
    expected.set(mapInfo(delta.map).id, { what, value });
  }
  return expected;
}
