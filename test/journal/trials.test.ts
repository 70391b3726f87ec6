// What the records of trials prove.
import { expect, test } from 'vitest';
import { inversesOf, isUnconfirmed, lastTrialOutcome } from '../../src/journal/trials.js';
import type { JournalRecord, Phase } from '../../src/model/record.js';
import { attachStep, detachStep, swapStep } from './support.js';

const at = { prev: '', time: '', netns: 1 };
const trial = (seq: number, generation: number, phase: Phase): JournalRecord => ({
  ...at,
  seq,
  boot: 'b',
  generation,
  phase,
  step: { kind: 'trial', reason: String(seq) },
});
const intent = (seq: number, change: Partial<JournalRecord> = {}): JournalRecord => ({
  ...at,
  seq,
  boot: 'b',
  generation: 2,
  phase: 'intent',
  step: attachStep(),
  inverse: detachStep(seq),
  ...change,
});

test('a generation is unconfirmed from its announcement until the record that confirms it', () => {
  expect(isUnconfirmed([], 2)).toBe(false);
  const announced = [trial(1, 2, 'intent')];
  expect([isUnconfirmed(announced, 2), isUnconfirmed(announced, 1)]).toEqual([true, false]);
  for (const phase of ['undone', 'failed'] as const)
    expect(isUnconfirmed([...announced, trial(2, 2, phase)], 2)).toBe(true);
  expect(isUnconfirmed([...announced, trial(2, 2, 'confirmed')], 2)).toBe(false);
  expect(lastTrialOutcome(announced)).toBeUndefined();
  expect(lastTrialOutcome([...announced, trial(2, 2, 'undone')])?.seq).toBe(2);
});

test('what may be in effect is undone backwards: this trial, this boot, no step that was undone already', () => {
  const records = [
    intent(1),
    trial(2, 2, 'intent'),
    intent(3),
    intent(4, { inverse: swapStep(4) }),
    { ...intent(5), phase: 'undone' as const, of: 4 },
    intent(6),
    { ...intent(7), phase: 'done' as const, of: 6 },
    intent(8, { generation: 3 }),
    intent(9, { boot: 'other' }),
  ];
  const linksOf = (boot: string) =>
    inversesOf(records, 2, boot).map((step) => ('linkId' in step ? step.linkId : undefined));
  expect(linksOf('b')).toEqual([6, 3]);
  expect(linksOf('other')).toEqual([9]);
  expect(inversesOf(records, 1, 'b')).toEqual([]);
});
