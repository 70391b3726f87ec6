// Summarizes the journal for `history`: each generation with the outcomes of its steps. Pure.
import type { GenerationSummary, InterfaceOutcomes } from '../model/history.js';
import type { Generation, JournalRecord } from '../model/record.js';
import { openIntents } from './intents.js';

/** One summary per generation, in the order of `generations`. Records of other generations are ignored. */
export function summarizeHistory(
  generations: readonly Generation[],
  records: readonly JournalRecord[],
): GenerationSummary[] {
  const outcomes = countOutcomes(records);
  return generations.map(({ desired, ...generation }) => ({
    ...generation,
    host: desired.host,
    interfaces: [...(outcomes.get(generation.number)?.values() ?? [])].sort((a, b) =>
      a.name < b.name ? -1 : 1,
    ),
  }));
}

type Count = Exclude<keyof InterfaceOutcomes, 'name'>;

/** Generation -> interface -> its counts. */
function countOutcomes(records: readonly JournalRecord[]): Map<number, Map<string, InterfaceOutcomes>> {
  const counts = new Map<number, Map<string, InterfaceOutcomes>>();
  const open = new Set(openIntents(records));
  for (const record of records) {
    const { generation, step } = record;
    const count = open.has(record) ? 'open' : outcomeOf(record);
    if (!count || !('interface' in step)) continue;
    const interfaces = counts.get(generation) ?? new Map<string, InterfaceOutcomes>();
    counts.set(generation, interfaces);
    const name = step.interface;
    const entry = interfaces.get(name) ?? { name, done: 0, failed: 0, undone: 0, open: 0 };
    interfaces.set(name, { ...entry, [count]: entry[count] + 1 });
  }
  return counts;
}

function outcomeOf({ phase }: JournalRecord): Count | undefined {
  return phase === 'intent' || phase === 'confirmed' ? undefined : phase;
}
