// Fills the map of blocks of an interface: completely before any program looks it up, entry by entry afterwards.
import type { WriterLock } from '../journal/lock.js';
import { createBlockMap, fillBlockMap } from '../kernel/blocks.js';
import { makeDirectory } from '../kernel/bpffs.js';
import type { Fd } from '../kernel/fd.js';
import { BLOCKS, type PinPaths } from '../kernel/pin-paths.js';
import { mapInfo, openMap, openPin, pin } from '../kernel/pinned.js';
import type { BlockEntry } from '../model/blocks.js';
import type { ObservedMap } from '../model/observed.js';
import { effect } from './failpoint.js';

/** Makes the map where there is none, or pins the one again that lost its pin. */
export function holdBlocks(
  _lock: WriterLock,
  pinPaths: PinPaths,
  name: string,
  entries: readonly BlockEntry[],
  lost?: number,
): ObservedMap {
  using held = openPin(pinPaths.blocks(name));
  if (held) return filled(held, entries);
  using made = (lost === undefined ? undefined : openMap(lost)) ?? createBlockMap();
  const map = filled(made, entries);
  effect('pin', () => {
    makeDirectory(pinPaths.interface(name));
    pin(made.number, pinPaths.blocks(name));
  });
  return map;
}

function filled(map: Fd, entries: readonly BlockEntry[]): ObservedMap {
  fillBlockMap(map, entries);
  return { name: BLOCKS, ...mapInfo(map) };
}
