// Removes the pins of large address sets that no instance uses any more.
import { join } from 'node:path';
import type { WriterLock } from '../journal/lock.js';
import { listEntries, remove, removeIfEmpty } from '../kernel/bpffs.js';
import type { Pins } from '../kernel/pins.js';
import type { ObservedState } from '../model/observed.js';

/** `observed` is the state after the steps. Pins that an interrupted run left are removed too. */
export function sweepSets(_lock: WriterLock, pins: Pins, { owned }: ObservedState): void {
  const used = new Set(
    owned.flatMap(({ instances }) => instances.flatMap(({ maps }) => maps.map(({ id }) => id))),
  );
  const lists = listEntries(pins.lists);
  if (lists.length === 0) return;
  for (const { name } of lists) {
    const folder = join(pins.lists, name);
    for (const entry of listEntries(folder)) {
      if (entry.kind !== 'pin') continue;
      const path = join(folder, entry.name);
      using map = pins.objects.openPin(path);
      if (map && !used.has(pins.objects.mapInfo(map).id)) remove(path);
    }
    removeIfEmpty(folder);
  }
  for (const folder of [pins.lists, pins.interfaces, pins.root]) removeIfEmpty(folder);
}
