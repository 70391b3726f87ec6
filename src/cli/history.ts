// `xdpkeep history`: reads only, takes no lock, and shows what can be read though something is damaged.
import { reportGeneration, withChanges } from '../history.js';
import { listGenerations } from '../journal/generation-list.js';
import { readGeneration } from '../journal/generations.js';
import { readJournal } from '../journal/read.js';
import { requireCapabilities } from '../kernel/capabilities.js';
import { EXIT, JournalError, UsageError } from '../model/errors.js';
import type { History } from '../model/history.js';
import type { Generation } from '../model/record.js';
import { renderGeneration, renderHistory } from '../report/history.js';
import { describeDamage } from '../report/journal.js';
import { json, painter } from '../report/style.js';
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
    generations: withChanges(dataDir, generations, records),
  };
  return {
    exitCode: EXIT.ok,
    out: output === 'json' ? json(history) : renderHistory(history),
    err: warnings.map((warning) => `warning: ${warning}\n`).join(''),
  };
}

/** One generation: what it changed for packets, and what was done. */
export function runGeneration(
  given: string,
  { dataDir, output, color }: Pick<CommonOptions, 'dataDir' | 'output' | 'color'>,
): CommandResult {
  requireCapabilities();
  if (!/^[1-9]\d{0,8}$/.test(given)) {
    throw new UsageError(`${JSON.stringify(given)} is no number of a generation`, {
      hint: '`xdpkeep history` lists them.',
    });
  }
  const report = reportGeneration(dataDir, Number(given));
  const out = output === 'json' ? json(report) : renderGeneration(report, painter(color));
  return { exitCode: EXIT.ok, out };
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
