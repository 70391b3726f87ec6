// Counts what the journal records: heals, undone steps, failed steps.
import { statSync } from 'node:fs';
import { readJournal } from '../journal/read.js';
import { journalFile } from '../journal/paths.js';
import type { JournalRecord } from '../model/record.js';

export interface JournalFigures {
  /** Size of the file. */
  bytes: number;
  records: number;
  /** Steps that brought back what somebody or something had changed. */
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
    heals: records.filter(isHeal).length,
    undone: of('undone'),
    failed: of('failed'),
  };
}

function isHeal({ phase, step }: JournalRecord): boolean {
  return phase === 'done' && 'drift' in step;
}
