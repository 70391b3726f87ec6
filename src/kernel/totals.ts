// The offset between the counters of an interface's rows and its totals (decision 0136). It is the target of a symbolic link beside the
// names of the rows, since a bpffs can hold no other text. So it is removed with the rows, and follows a renamed interface.
import { join } from 'node:path';
import type { PacketTotals } from '../model/status.js';
import { isThere, readSymlink, rename, writeSymlink } from './bpffs.js';
import type { PinPaths } from './pin-paths.js';

/** Name of the link; the names of slots are numbers. */
const TOTALS = 'totals';
/** Written under this name first, then renamed, so that the replacement is atomic. */
const NEXT = 'totals%new';

/** Numbers may be negative: when the action of a row changes, its former packets count as the new action. */
export interface TotalsOffset extends PacketTotals {
  /** Digest of the instance for whose policy the offset holds. */
  digest: string;
}

/** `undefined` where there is no offset: the sums of the rows are the totals. */
export function readTotalsOffset(paths: PinPaths, name: string): TotalsOffset | undefined {
  const text = readSymlink(join(paths.rows(name), TOTALS)) ?? '';
  const [digest = '', ...words] = text.split(' ');
  const [seen = NaN, seenBytes = NaN, dropped = NaN, droppedBytes = NaN] = words.map(Number);
  if (![seen, seenBytes, dropped, droppedBytes].every(Number.isSafeInteger)) return undefined;
  return { digest, seen, seenBytes, dropped, droppedBytes };
}

export function writeTotalsOffset(paths: PinPaths, name: string, offset: TotalsOffset): void {
  const folder = paths.rows(name);
  if (!isThere(folder)) return;
  const { digest, seen, seenBytes, dropped, droppedBytes } = offset;
  writeSymlink(join(folder, NEXT), [digest, seen, seenBytes, dropped, droppedBytes].join(' '));
  rename(join(folder, NEXT), join(folder, TOTALS));
}
