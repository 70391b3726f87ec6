// Lists generations. A folder has a number for a name only once its generation is complete.
import { readdirSync } from 'node:fs';
import { accessFailed, errnoCode } from '../disk/failure.js';
import type { JournalRecord } from '../model/record.js';
import { generationsFolder } from './paths.js';

/** The numbers of all generations, ascending; empty on a host that was never changed. */
export function listGenerations(dataDir: string): number[] {
  const folder = generationsFolder(dataDir);
  try {
    return readdirSync(folder)
      .filter((name) => /^[1-9]\d*$/.test(name))
      .map(Number)
      .sort((a, b) => a - b);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return [];
    throw accessFailed(`read ${folder}`, error);
  }
}

/** The number of the newest generation, readable or not; 0 on a host that was never changed. */
export function newestGeneration(dataDir: string): number {
  return listGenerations(dataDir).at(-1) ?? 0;
}

/** The highest number in the directory or these records; 0 on a host that was never changed. */
export function highestGeneration(dataDir: string, records: readonly JournalRecord[]): number {
  const last = newestGeneration(dataDir);
  return records.reduce((highest, { generation }) => Math.max(highest, generation), last);
}
