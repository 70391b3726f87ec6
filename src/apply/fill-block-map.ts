// Fills the map of blocks of an interface: completely before any program looks it up, entry by entry afterwards.
import type { WriterLock } from '../journal/lock.js';
import { makeDirectory } from '../kernel/bpffs.js';
import { BLOCKS } from '../kernel/pin-paths.js';
import type { Handle, Pins } from '../kernel/pins.js';
import type { BlockEntry } from '../model/blocks.js';
import type { ObservedMap } from '../model/observed.js';
import { effect } from './failpoint.js';

interface Maps {
  /** The map that lost its pin. */
  lost?: number | undefined;
  /** The map in which the interface's program counts what each block drops. */
  hits?: number | undefined;
}

/** Makes the map where there is none, or pins the one again that lost its pin. */
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
