// Decides which generations took effect. A generation of which no step succeeded is recorded, but never ran.
import type { JournalRecord } from '../model/record.js';

/** Does the generation have steps of which none succeeded? */
export function tookNoEffect(records: readonly JournalRecord[], generation: number): boolean {
  const own = records.filter((record) => record.generation === generation && 'interface' in record.step);
  return own.length > 0 && own.every(({ phase }) => phase !== 'done');
}
