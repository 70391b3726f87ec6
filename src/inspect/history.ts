// Reads the history of this host. Takes no lock, and returns what is readable even when records are damaged.
import { withChanges } from './history-changes.js';
import { listGenerations } from '../journal/generation-list.js';
import { readGeneration } from '../journal/generations.js';
import { readJournal } from '../journal/read.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { JournalError } from '../model/errors.js';
import type { History } from '../model/history.js';
import type { Generation } from '../model/record.js';
import { describeDamage } from '../report/journal.js';

/** With a line for everything that is left out. */
export function readHistory(dataDir: string): { history: History; warnings: string[] } {
  requireCapabilities();
  const warnings: string[] = [];
  const numbers = listGenerations(dataDir);
  const generations = numbers.flatMap((number) => tryRead(dataDir, number, warnings));
  const { records, damage } = readJournal(dataDir);
  if (damage) warnings.push(`${describeDamage(damage)}; outcomes after it are not counted`);
  const history: History = {
    apiVersion: 'xdpkeep/v1',
    kind: 'History',
    generation: numbers.at(-1) ?? 0,
    generations: withChanges(dataDir, generations, records),
  };
  return { history, warnings };
}

function tryRead(dataDir: string, number: number, warnings: string[]): Generation[] {
  try {
    return [readGeneration(dataDir, number)];
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    warnings.push(`generation ${number} is left out: ${error.message}`);
    return [];
  }
}
