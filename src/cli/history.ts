// `xdpkeep history`: reads only, takes no lock, and shows what can be read though something is damaged.
import { listGenerations } from '../journal/generation-list.js';
import { readGeneration } from '../journal/generations.js';
import { summarizeHistory } from '../journal/history.js';
import { readJournal } from '../journal/read.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { EXIT, JournalError } from '../model/errors.js';
import type { History } from '../model/history.js';
import type { Generation } from '../model/record.js';
import { renderHistory } from '../report/history.js';
import { describeDamage } from '../report/journal.js';
import { json } from '../report/style.js';
import type { CommonOptions } from './options.js';
import type { CommandResult } from './result.js';

export function runHistory({ dataDir, output }: Pick<CommonOptions, 'dataDir' | 'output'>): CommandResult {
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
    generations: summarizeHistory(generations, records),
  };
  return {
    exitCode: EXIT.ok,
    out: output === 'json' ? json(history) : renderHistory(history),
    err: warnings.map((warning) => `warning: ${warning}\n`).join(''),
  };
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
