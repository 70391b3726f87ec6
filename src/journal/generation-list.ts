// Which generations there are. Only complete ones have a number for a name.
import { readdirSync } from 'node:fs';
import { accessFailed, errnoCode } from '../disk/failure.js';
import type { JournalRecord } from '../model/record.js';
import { generationsFolder } from './paths.js';

/** Their numbers, ascending; empty where nothing was ever changed. */
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

/** The number of the newest one, readable or not; 0 where nothing was ever changed. */
export function newestGeneration(dataDir: string): number {
  return listGenerations(dataDir).at(-1) ?? 0;
}

/** The highest number that the directory or these records know; 0 where nothing was ever changed. */
export function highestGeneration(dataDir: string, records: readonly JournalRecord[]): number {
  const last = newestGeneration(dataDir);
  return records.reduce((highest, { generation }) => Math.max(highest, generation), last);
}
