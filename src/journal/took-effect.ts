// Which generations took effect: one of which no step ever did is in the record, and nothing that anybody ran.
import type { JournalRecord } from '../model/record.js';

/** Were there steps for it, and was none of them ever done? */
export function tookNoEffect(records: readonly JournalRecord[], generation: number): boolean {
  const own = records.filter((record) => record.generation === generation && 'interface' in record.step);
  return own.length > 0 && own.every(({ phase }) => phase !== 'done');
}
