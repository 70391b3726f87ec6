// The paths in the data directory. Releases rely on each other's names, and operators see them.
import { join } from 'node:path';

export const journalFile = (dataDir: string): string => join(dataDir, 'journal.ndjson');
export const lockFile = (dataDir: string): string => join(dataDir, 'lock');
export const holdFile = (dataDir: string): string => join(dataDir, 'hold.json');
export const pendingFile = (dataDir: string): string => join(dataDir, 'pending.json');
export const reserveFile = (dataDir: string): string => join(dataDir, 'reserve');
export const suspensionFile = (dataDir: string): string => join(dataDir, 'suspend.json');
export const blocksFile = (dataDir: string): string => join(dataDir, 'blocks.json');
/** The existence of either file suspends every interface: for when the command does not work. */
export const suspendFiles = (dataDir: string): string[] => ['/etc/xdpkeep/suspend', join(dataDir, 'suspend')];
export const generationsFolder = (dataDir: string): string => join(dataDir, 'generations');
export const generationFile = (dataDir: string, number: number): string =>
  join(generationsFolder(dataDir), String(number), 'generation.json');

/** An unfinished last line that was cut off the journal. */
export const tornFile = (dataDir: string, name: string): string => join(dataDir, `journal.torn-${name}`);
/** A damaged journal that a repair has kept; `n` counts from 1. */
export const damagedFile = (dataDir: string, n: number): string => join(dataDir, `journal.damaged-${n}`);
