// Fills the map of blocks of an interface: completely before it is pinned for a program to use, entry by entry afterwards.
import type { WriterLock } from '../journal/lock.js';
import { makeDirectory } from '../kernel/bpffs.js';
import { BLOCKS } from '../kernel/pin-paths.js';
import type { Handle, Pins } from '../kernel/pins.js';
import type { BlockEntry } from '../model/blocks.js';
import type { ObservedMap } from '../model/observed.js';
import { effect } from './failpoint.js';

interface Maps {
  /** Id of the map of blocks, where it lost its pin. */
  lost?: number | undefined;
  /** Id of the map in which the interface's program counts what each block drops. */
  hits?: number | undefined;
}

/** Fills the pinned map of blocks; where there is none, pins the lost one again or makes a new one. Returns the map. */
export function holdBlocks(
  _lock: WriterLock,
  pins: Pins,
  name: string,
  entries: readonly BlockEntry[],
  { lost, hits: counting }: Maps,
): ObservedMap {
  using hits = counting === undefined ? undefined : pins.objects.openMap(counting);
  using held = pins.objects.openPin(pins.blocks(name));
  if (held) return filled(pins, held, entries, hits);
  using made = (lost === undefined ? undefined : pins.objects.openMap(lost)) ?? pins.objects.createBlockMap();
  const map = filled(pins, made, entries, hits);
  effect('pin', () => {
    makeDirectory(pins.interface(name));
    pins.objects.pin(made.number, pins.blocks(name));
  });
  return map;
}

function filled(
  pins: Pins,
  map: Handle,
  entries: readonly BlockEntry[],
  hits: Handle | undefined,
): ObservedMap {
  pins.objects.fillBlockMap(map, entries, hits);
  return { name: BLOCKS, ...pins.objects.mapInfo(map) };
}
