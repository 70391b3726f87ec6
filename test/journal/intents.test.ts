import { expect, test } from 'vitest';
import {
  bringsBack,
  bringsRecorderBack,
  fallbacks,
  lastFailures,
  lastInstances,
} from '../../src/journal/intents.js';
import { recoverOpenIntents } from '../../src/journal/recover-intents.js';
import { USUAL_CONNECTIONS } from '../../src/model/connections.js';
import type { JournalRecord } from '../../src/model/record.js';
import { cleanStep, detachStep, reattachStep } from './support.js';

const DIGEST = reattachStep(8).instance.digest;

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
const [recovered] = recoverOpenIntents([record({})], { boot: 'b', netns: 1, interfaces: [], owned: [] });

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

test.each<[string, Partial<JournalRecord>[], string | undefined]>([
  ['begun', [{ phase: 'intent' }], DIGEST],
  ['failed', [{}, { phase: 'failed' }], DIGEST],
  ['done in another boot', [{ phase: 'done', boot: 'a' }], undefined],
  ['done from another network namespace', [{ phase: 'done', netns: 2 }], undefined],
  ['to be detached', [{ phase: 'done' }, { phase: 'intent', step: { ...detachStep(), ifindex: 7 } }], DIGEST],
  [
    'detached since',
    [{ phase: 'done' }, { phase: 'done', step: { ...detachStep(), ifindex: 7 } }],
    undefined,
  ],
])('what we attached last: %s', (_name, changes, digest) => {
  const last = lastInstances(changes.map(record), { boot: 'b', netns: 1 });
  expect(last.get(reattachStep(8).ifindex)).toBe(digest);
});

const fellBack = { ...reattachStep(8), attached: { mode: 'generic' as const, fellBackBecause: 'the MTU' } };

test.each<[string, Partial<JournalRecord>[], string | undefined]>([
  ['it was refused', [{ phase: 'done', step: fellBack }], 'the MTU'],
  ['it was refused, and swapped since', [{ phase: 'done', step: fellBack }, { phase: 'intent' }], 'the MTU'],
  ['it was not refused since', [{ phase: 'done', step: fellBack }, { phase: 'done' }], undefined],
  ['it was never done', [{ phase: 'failed', step: fellBack }], undefined],
  ['it was in another boot', [{ phase: 'done', step: fellBack, boot: 'a' }], undefined],
  ['it was in another namespace', [{ phase: 'done', step: fellBack, netns: 2 }], undefined],
])('native mode, when %s', (_name, changes, why) => {
  expect(fallbacks(changes.map(record), { boot: 'b', netns: 1 }).get(fellBack.ifindex)).toBe(why);
});

const other = { ...reattachStep(8), interface: 'b' };
const anew = reattachStep(8, 'another');
const named = { kind: 'hold', reason: '' } as const;

test.each<[string, Partial<JournalRecord>[], boolean]>([
  ['nothing', [], false],
  ['the same, done', [{ phase: 'done' }], true],
  ['the same, begun', [{ phase: 'intent' }], false],
  ['the same on another interface', [{ phase: 'done', step: other }], false],
  ['another program', [{ phase: 'done', step: anew }], false],
  ['another program since', [{ phase: 'done' }, { phase: 'done', step: anew }], false],
  [
    'another program on another interface since',
    [{ phase: 'done' }, { phase: 'done', step: { ...anew, interface: 'b' } }],
    true,
  ],
  ['another program that failed since', [{ phase: 'done' }, { phase: 'failed', step: anew }], true],
  ['a detachment since', [{ phase: 'done' }, { phase: 'done', step: detachStep() }], false],
  ['a detachment that failed since', [{ phase: 'done' }, { phase: 'undone', step: detachStep() }], true],
  ['a cleaning since', [{ phase: 'done' }, { phase: 'done', step: cleanStep() }], true],
  ['a hold since', [{ phase: 'done' }, { phase: 'done', step: named }], true],
])('a step brings back what was there after %s', (_name, changes, expected) => {
  expect(bringsBack(changes.map(record), reattachStep(8))).toBe(expected);
});

test('what loads nothing brings back what is on record, whatever it is', () => {
  expect([bringsBack([], cleanStep()), bringsBack([record({})], cleanStep())]).toEqual([false, true]);
});

const beside = { interface: 'a', action: 'update', reason: '', gap: false } as const;
const recordStep = {
  ...beside,
  kind: 'record',
  ifindex: 2,
  digest: 'one',
  connections: USUAL_CONNECTIONS,
} as const;

test.each<[string, Partial<JournalRecord>[], boolean]>([
  ['nothing', [], false],
  ['the same', [{ step: recordStep }], true],
  ['the same that failed', [{ phase: 'failed', step: recordStep }], false],
  ['another one since', [{ step: recordStep }, { step: { ...recordStep, digest: 'two' } }], false],
  ['its end since', [{ step: recordStep }, { step: { ...beside, kind: 'forget' } }], false],
  ['a detachment since', [{ step: recordStep }, { step: { ...detachStep(), interface: 'a' } }], false],
  [
    'the end of another one since',
    [{ step: recordStep }, { step: { ...beside, kind: 'forget', interface: 'b' } }],
    true,
  ],
  ['a cleaning since', [{ step: recordStep }, { step: cleanStep() }], true],
])('a recorder is brought back that was there after %s', (_name, changes, expected) => {
  const records = changes.map((change) => record({ phase: 'done', ...change }));
  expect(bringsRecorderBack(records, recordStep)).toBe(expected);
});
