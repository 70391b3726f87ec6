import { expect, test } from 'vitest';
import { lastFailures } from '../../src/journal/intents.js';
import { settleOpenIntents } from '../../src/journal/settle.js';
import type { JournalRecord } from '../../src/model/record.js';
import { detachStep, reattachStep } from './support.js';

const record = (change: Partial<JournalRecord>): JournalRecord => ({
  ...{
    seq: 5,
    prev: '',
    time: '',
    boot: 'b',
    netns: 1,
    generation: 2,
    phase: 'intent',
    step: reattachStep(8),
  },
  ...change,
});

/** Of the next run after one that was killed: nothing of ours is on the interface. */
const [recovered] = settleOpenIntents([record({})], { boot: 'b', netns: 1, interfaces: [], owned: [] });

test.each<[string, Partial<JournalRecord>[], boolean]>([
  ['failed', [{ phase: 'failed' }], true],
  ['undone', [{ phase: 'undone' }], true],
  ['failed in another boot', [{ phase: 'failed', boot: 'a' }], false],
  ['begun', [{ phase: 'intent' }], false],
  ['begun again', [{ phase: 'failed' }, { phase: 'intent' }], true],
  ['done since', [{ phase: 'failed' }, { phase: 'done' }], false],
  ['another step done since', [{ phase: 'failed' }, { phase: 'done', step: detachStep() }], false],
  ['killed, and undone by that', [recovered ?? {}], false],
])('the last step %s', (_name, changes, failed) => {
  const failures = lastFailures(changes.map(record), 'b');
  expect(failures.has('veth0')).toBe(failed);
});

test('a recovered outcome says that it was undone', () => {
  expect(recovered).toMatchObject({ phase: 'undone' });
});
