import { expect, test } from 'vitest';
import { summarizeHistory } from '../../src/journal/history.js';
import type { Generation, JournalRecord, Phase } from '../../src/model/record.js';
import { attachStep, desiredState } from './support.js';

const generation = (number: number): Generation => ({
  number,
  time: '2026-01-02T03:04:05.678Z',
  origin: 'reconcile',
  of: number,
  desired: desiredState(),
});

function records(...rows: [generation: number, phase: Phase, name: string, of?: number][]): JournalRecord[] {
  return rows.map(([number, phase, name, of], index) => ({
    ...{ seq: index + 1, prev: '', time: '', boot: '', netns: 1, generation: number, phase },
    step: attachStep(name),
    ...(of !== undefined && { of }),
  }));
}

test('outcomes are counted per generation and interface; what was begun and not concluded is open', () => {
  const journal = records(
    [1, 'intent', 'b'],
    [1, 'intent', 'a'],
    [1, 'done', 'b', 1],
    [1, 'failed', 'a', 2],
    [1, 'intent', 'a'],
    [1, 'undone', 'a', 5],
    [2, 'intent', 'a'],
    [9, 'intent', 'a'],
  );
  const [first, second, third] = summarizeHistory([generation(1), generation(2), generation(3)], journal);
  expect(first).toEqual({
    ...{ number: 1, time: '2026-01-02T03:04:05.678Z', origin: 'reconcile', of: 1, host: 'edge-1' },
    interfaces: [
      { name: 'a', done: 0, failed: 1, undone: 1, open: 0 },
      { name: 'b', done: 1, failed: 0, undone: 0, open: 0 },
    ],
  });
  expect(second?.interfaces).toEqual([{ name: 'a', done: 0, failed: 0, undone: 0, open: 1 }]);
  expect(third?.interfaces).toEqual([]);
});

test('what operators did is no outcome of an interface', () => {
  const [record] = records([1, 'done', 'a']);
  const held = { ...record, step: { kind: 'hold', reason: 'r' } } as JournalRecord;
  expect(summarizeHistory([generation(1)], [held])[0]?.interfaces).toEqual([]);
});
