// What the journal tells in numbers.
import { statSync } from 'node:fs';
import { readJournal } from '../journal/read.js';
import { journalFile } from '../journal/paths.js';
import type { JournalRecord } from '../model/record.js';

export interface JournalFigures {
  /** Size of the file. */
  bytes: number;
  records: number;
  /** Steps that brought back what a generation had already done on an interface. */
  heals: number;
  /** Steps that were undone, by verification, probes, deadlines or an operator. */
  undone: number;
  failed: number;
}

/** Of a damaged journal: what comes before the damage. */
export function journalFigures(dataDir: string): JournalFigures {
  const { records } = readJournal(dataDir);
  const of = (phase: JournalRecord['phase']) => records.filter((record) => record.phase === phase).length;
  return {
    bytes: statSync(journalFile(dataDir), { throwIfNoEntry: false })?.size ?? 0,
    records: records.length,
    heals: countHeals(records),
    undone: of('undone'),
    failed: of('failed'),
  };
}

function countHeals(records: readonly JournalRecord[]): number {
  const done = new Set<string>();
  let heals = 0;
  for (const { phase, generation, step } of records) {
    if (phase !== 'done' || !('interface' in step)) continue;
    const key = `${generation} ${step.interface}`;
    if (done.has(key)) heals++;
    done.add(key);
  }
  return heals;
}
