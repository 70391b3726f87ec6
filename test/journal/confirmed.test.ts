// Which generation counts as confirmed, when what was last changed or adopted, and what a generation is in short.
import { expect, it, test } from 'vitest';
import { confirmedGeneration, appliedStateOf } from '../../src/journal/confirmed.js';
import { writeGeneration } from '../../src/journal/generation-writer.js';
import { currentIfReadable } from '../../src/journal/generations.js';
import { lastAdoption, lastChanges } from '../../src/journal/since.js';
import { tookNoEffect } from '../../src/journal/took-effect.js';
import { EXIT } from '../../src/model/errors.js';
import type { JournalRecord } from '../../src/model/record.js';
import { attachStep, desiredState, errorOf, locked, temporaryFolder } from './support.js';

const record = (change: Partial<JournalRecord>): JournalRecord => ({
  ...{ seq: 1, prev: '', time: 't', boot: 'b', netns: 1, generation: 1, phase: 'done', step: attachStep() },
  ...change,
});
const trial = (generation: number, phase: JournalRecord['phase']) =>
  record({ generation, phase, step: { kind: 'trial', reason: '' } });

it.each<[string, JournalRecord[], boolean]>([
  ['no record', [], false],
  ['a step that was done', [record({ phase: 'intent' }), record({})], false],
  ['one that was done, and one that failed', [record({ phase: 'failed' }), record({})], false],
  ['steps that all failed', [record({ phase: 'intent' }), record({ phase: 'failed' })], true],
  [
    'steps that failed, and were done for another one',
    [record({ phase: 'failed' }), record({ generation: 2 })],
    true,
  ],
  ['no step on an interface', [record({ phase: 'failed', step: { kind: 'hold', reason: '' } })], false],
  [
    'a step that failed, and a hold since',
    [record({ phase: 'failed' }), record({ step: { kind: 'hold', reason: '' } })],
    true,
  ],
])('a generation took no effect with %s: %j', (_what, records, expected) => {
  expect(tookNoEffect(records, 1)).toBe(expected);
});

test('the newest one that took effect and is not on trial is the confirmed one', async () => {
  const dataDir = temporaryFolder();
  const confirmed = (records: JournalRecord[], previous?: number) =>
    confirmedGeneration(dataDir, records, previous)?.generation;
  expect(confirmed([])).toBeUndefined();
  const desired = desiredState();
  const source = { commit: 'c', subject: 's', author: 'a', time: 't' };
  await locked(dataDir, (lock) => {
    writeGeneration(lock, { origin: 'reconcile', desired });
    writeGeneration(lock, { origin: 'rollback', of: 1, reason: 'too strict', desired, source });
    writeGeneration(lock, { origin: 'reconcile', desired });
  });
  expect(confirmed([])).toBe(3);
  expect(confirmed([trial(3, 'intent')])).toBe(2);
  expect(confirmed([trial(3, 'intent'), record({ generation: 2, phase: 'failed' })])).toBe(1);
  expect(confirmed([trial(3, 'intent')], 1), 'what was announced').toBe(1);
  expect(confirmed([], 0), 'nothing was attached').toBeUndefined();
  expect(await errorOf(() => confirmed([], 9))).toMatchObject({ exitCode: EXIT.journal });
  const time = expect.any(String) as string;
  expect(confirmedGeneration(dataDir, [], 2)).toStrictEqual({
    ...{ generation: 2, time, origin: 'rollback', of: 1, reason: 'too strict', revision: source },
  });
  const newest = currentIfReadable(dataDir);
  expect(newest && appliedStateOf(newest)).toStrictEqual({ generation: 3, time, origin: 'reconcile', of: 3 });
});

test('the last change of an interface is the last step on it that ended', () => {
  const changes = lastChanges([
    record({ time: '1' }),
    record({ time: '2', phase: 'failed', step: attachStep('b') }),
    record({ time: '3', phase: 'intent' }),
    record({ time: '4', step: { kind: 'hold', reason: '' } }),
    record({ time: '5', phase: 'undone', step: attachStep('c') }),
  ]);
  expect([...changes]).toEqual([
    ['veth0', '1'],
    ['b', '2'],
    ['c', '5'],
  ]);
});

test('a commit was adopted when that was recorded last', () => {
  const adopted = (commit: string, time: string) =>
    record({
      time,
      step: { kind: 'source', reason: '', revision: { commit, subject: 's', author: 'a', time: 't' } },
    });
  const records = [adopted('x', '1'), adopted('y', '2'), adopted('x', '3'), record({ time: '4' })];
  expect(['x', 'y', 'z'].map((commit) => lastAdoption(records, commit))).toEqual(['3', '2', undefined]);
});
