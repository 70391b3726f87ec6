// Removes the pins of large address sets that no instance uses any more.
import { join } from 'node:path';
import type { WriterLock } from '../journal/lock.js';
import { listEntries, remove, removeIfEmpty } from '../kernel/bpffs.js';
import type { PinPaths } from '../kernel/pin-paths.js';
import { mapInfo, openPin } from '../kernel/pinned.js';
import type { ObservedState } from '../model/observed.js';

/** `observed` is what there is now; what an interrupted run left is removed with it. */
export function sweepSets(_lock: WriterLock, pinPaths: PinPaths, { owned }: ObservedState): void {
  const used = new Set(
    owned.flatMap(({ instances }) => instances.flatMap(({ maps }) => maps.map(({ id }) => id))),
  );
  const lists = listEntries(pinPaths.lists);
  if (lists.length === 0) return;
  for (const { name } of lists) {
    const folder = join(pinPaths.lists, name);
    for (const entry of listEntries(folder)) {
      if (entry.kind !== 'pin') continue;
      const path = join(folder, entry.name);
      using map = openPin(path);
      if (map && !used.has(mapInfo(map).id)) remove(path);
    }
    removeIfEmpty(folder);
  }
  for (const folder of [pinPaths.lists, pinPaths.interfaces, pinPaths.root]) removeIfEmpty(folder);
}
