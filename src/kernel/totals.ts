// What is added to the rows of an interface to get its totals, kept beside the names of the rows: as the target of a symbolic
// link, the only text that a bpffs can hold. It comes and goes with them, and follows a renamed interface.
import { join } from 'node:path';
import type { PacketTotals } from '../model/status.js';
import { isThere, readSymlink, rename, writeSymlink } from './bpffs.js';
import type { PinPaths } from './pin-paths.js';

/** Beside the slots, whose names are numbers. */
const TOTALS = 'totals';
/** What is written under this name takes the place of the other one at once. */
const NEXT = 'totals%new';

/** May be negative: a row whose action changed takes its former packets along. */
export interface TotalsBase extends PacketTotals {
  /** The instance whose policy says which rows count as what. */
  digest: string;
}

/** `undefined` where nothing is kept: the sums of the rows are the totals. */
export function readTotalsBase(paths: PinPaths, name: string): TotalsBase | undefined {
  const text = readSymlink(join(paths.rows(name), TOTALS)) ?? '';
  const [digest = '', ...words] = text.split(' ');
  const [seen = NaN, seenBytes = NaN, dropped = NaN, droppedBytes = NaN] = words.map(Number);
  if (![seen, seenBytes, dropped, droppedBytes].every(Number.isSafeInteger)) return undefined;
  return { digest, seen, seenBytes, dropped, droppedBytes };
}

export function writeTotalsBase(paths: PinPaths, name: string, base: TotalsBase): void {
  const folder = paths.rows(name);
  if (!isThere(folder)) return;
  const { digest, seen, seenBytes, dropped, droppedBytes } = base;
  writeSymlink(join(folder, NEXT), [digest, seen, seenBytes, dropped, droppedBytes].join(' '));
  rename(join(folder, NEXT), join(folder, TOTALS));
}
