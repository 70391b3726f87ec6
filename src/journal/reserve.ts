// Reserves disk space for outcomes. An intent is written only while there is room for its outcome as well, so that a disk
// that fills up in between cannot lose the record of what was done.
import { randomFillSync } from 'node:crypto';
import { statSync } from 'node:fs';
import { removeFile, replaceFile } from '../disk/durable.js';
import { reserveFile } from './paths.js';

/** Bytes beside those of the intents: what a note says. */
const NOTES = 16_384;

/** Makes sure that the outcomes of open intents of so many bytes can be written. Throws the error of a full disk. */
export function keepReserve(dataDir: string, open: number): void {
  const path = reserveFile(dataDir);
  const size = NOTES + open;
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= size) return;
  // Random, so that no file system can make it small.
  replaceFile(path, randomFillSync(new Uint8Array(size)));
}

/** Gives the room back to the disk; false when there was none. */
export function spendReserve(dataDir: string): boolean {
  return removeFile(reserveFile(dataDir));
}
