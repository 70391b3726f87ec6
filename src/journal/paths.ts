// Where things lie in the data directory. Names are the protocol between releases, and what an operator sees.
import { join } from 'node:path';

export const journalFile = (dataDir: string): string => join(dataDir, 'journal.ndjson');
export const lockFile = (dataDir: string): string => join(dataDir, 'lock');
export const holdFile = (dataDir: string): string => join(dataDir, 'hold.json');
export const pendingFile = (dataDir: string): string => join(dataDir, 'pending.json');
export const reserveFile = (dataDir: string): string => join(dataDir, 'reserve');
export const suspensionFile = (dataDir: string): string => join(dataDir, 'suspend.json');
export const blocksFile = (dataDir: string): string => join(dataDir, 'blocks.json');
/** Either suspends everything by being there: for when the command does not work. */
export const suspendFiles = (dataDir: string): string[] => ['/etc/xdpkeep/suspend', join(dataDir, 'suspend')];
export const generationsFolder = (dataDir: string): string => join(dataDir, 'generations');
export const generationFile = (dataDir: string, number: number): string =>
  join(generationsFolder(dataDir), String(number), 'generation.json');

/** A last line that was cut off because it was never finished. */
export const tornFile = (dataDir: string, name: string): string => join(dataDir, `journal.torn-${name}`);
/** A journal that was set aside by a repair; `n` counts from 1. */
export const damagedFile = (dataDir: string, n: number): string => join(dataDir, `journal.damaged-${n}`);
