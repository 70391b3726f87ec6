// Reserves disk space for outcomes. An intent is written only when there is space for its outcome as well, so that the outcome can be
// recorded even if the disk fills up meanwhile.
import { randomFillSync } from 'node:crypto';
import { statSync } from 'node:fs';
import { removeFile, replaceFile } from '../disk/durable.js';
import { reserveFile } from './paths.js';

/** Bytes for notes, in addition to those of the intents. */
const NOTES = 16_384;

/** Reserves the space for the outcomes of open intents of `open` bytes. Throws ENOSPC when the disk is full. */
export function keepReserve(dataDir: string, open: number): void {
  const path = reserveFile(dataDir);
  const size = NOTES + open;
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= size) return;
  // Random bytes, so that no file system can compress them.
  replaceFile(path, randomFillSync(new Uint8Array(size)));
}

/** Frees the reserved space; false when there was none. */
export function spendReserve(dataDir: string): boolean {
  return removeFile(reserveFile(dataDir));
}
