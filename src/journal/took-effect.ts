// Tells which generations took effect. One of which no step succeeded is on record, but nothing ever ran it.
import type { JournalRecord } from '../model/record.js';

/** Were there steps for it, and was none of them ever done? */
export function tookNoEffect(records: readonly JournalRecord[], generation: number): boolean {
  const own = records.filter((record) => record.generation === generation && 'interface' in record.step);
  return own.length > 0 && own.every(({ phase }) => phase !== 'done');
}
