// What the journal proves of drift.
import { expect, it, test } from 'vitest';
import { lastInstalled, stalledHeals } from '../../src/journal/drift.js';
import type { JournalRecord } from '../../src/model/record.js';
import type { EffectiveStep } from '../../src/model/step.js';
import { attachStep, cleanStep, detachStep } from './support.js';

const record = (change: Partial<JournalRecord>): JournalRecord => ({
  ...{ seq: 1, prev: '', time: '', boot: 'b', netns: 1, generation: 2, phase: 'done', step: attachStep() },
  ...change,
});

const attached = (digest: string): EffectiveStep => {
  const step = attachStep();
  return { ...step, instance: { ...step.instance, digest } };
};
const trial = (phase: 'intent' | 'undone' | 'confirmed') =>
  record({ phase, generation: 3, step: { kind: 'trial', reason: '' } });
const renamed = (from: string, to: string): Partial<JournalRecord> => ({
  step: {
    ...{
      kind: 'rename',
      action: 'update',
      interface: to,
      from,
      ifindex: 3,
      linkId: 1,
      reason: '',
      gap: false,
    },
  },
});

const digests = (...records: JournalRecord[]) =>
  Object.fromEntries([...lastInstalled(records)].map(([name, { digest }]) => [name, digest]));

it('the last step that was done decides, an interrupted one leaves nothing known; a detachment ends it; a name takes it along', () => {
  const [one, two] = [record({ step: attached('one') }), record({ step: attached('two') })];
  expect(digests(one, two)).toEqual({ veth0: 'two' });
  const begun = record({ phase: 'intent', step: attached('two') });
  expect(digests(one, begun)).toEqual({});
  expect(digests(one, begun, record({ phase: 'undone', step: attached('two') }))).toEqual({});
  expect(digests(one, begun, record({ step: attached('two') }))).toEqual({ veth0: 'two' });
  expect(digests(one, record({ step: detachStep() }))).toEqual({});
  expect(digests(one, record(renamed('veth0', 'wan')))).toEqual({ wan: 'one' });
});

it.each<[string, JournalRecord]>([
  ['a rename that was begun', record({ phase: 'intent', ...renamed('wan', 'veth0') })],
  ['a cleaning', record({ step: cleanStep() })],
  ['a detachment that failed', record({ phase: 'failed', step: detachStep() })],
  ['a hold', record({ step: { kind: 'hold', reason: '' } })],
  [
    'a hold of the same generation that was undone',
    record({ phase: 'undone', step: { kind: 'hold', reason: '' } }),
  ],
])('%s leaves known what was there', (_what, since) => {
  expect(digests(record({ step: attached('one') }), since)).toEqual({ veth0: 'one' });
});

it('a detachment that was begun leaves nothing known, and one trial that was undone says nothing of another', () => {
  const one = record({ step: attached('one') });
  expect(digests(one, record({ phase: 'intent', step: detachStep() }))).toEqual({});
  expect(digests(one, trial('intent'), trial('undone'))).toEqual({ veth0: 'one' });
});

it('after a trial that was undone nobody knows', () => {
  const one = record({ step: attached('one') });
  const onTrial = record({ generation: 3, step: attached('two') });
  expect(digests(one, trial('intent'), onTrial, trial('confirmed'))).toEqual({ veth0: 'two' });
  expect(digests(one, trial('intent'), onTrial, trial('undone'))).toEqual({});
});

it('the boot is that of the intent', () => {
  const intent = record({ seq: 1, phase: 'intent', boot: 'a' });
  expect(lastInstalled([intent, record({ seq: 2, of: 1 })]).get('veth0')).toMatchObject({ boot: 'a' });
});

const heal = (uptime: number, change: Partial<JournalRecord> = {}) =>
  record({ uptime, step: { ...attachStep(), drift: 'detached' }, ...change });
const NOW = { boot: 'b', uptime: 1000, generation: 2 };
const keyOf = (step: { interface: string }) => step.interface;

test.each<[string, JournalRecord[], Partial<typeof NOW>, boolean]>([
  ['three heals', [heal(500), heal(700), heal(900)], {}, true],
  ['two heals', [heal(500), heal(900)], {}, false],
  ['three within more than ten minutes', [heal(100), heal(500), heal(900)], {}, false],
  ['the last three of four', [heal(10), heal(500), heal(700), heal(900)], {}, true],
  ['an hour after the last', [heal(500), heal(700), heal(900)], { uptime: 4500 }, false],
  ['just before that', [heal(500), heal(700), heal(900)], { uptime: 4499 }, true],
  ['another boot', [heal(500), heal(700), heal(900)], { boot: 'c' }, false],
  ['another generation', [heal(500), heal(700), heal(900)], { generation: 3 }, false],
  [
    'intents and failures',
    [heal(500), heal(700, { phase: 'intent' }), heal(900, { phase: 'failed' })],
    {},
    false,
  ],
  [
    'interfaces that flap',
    [500, 700, 900].map((at) => heal(at, { step: { ...attachStep(), drift: 're-created' } })),
    {},
    false,
  ],
  ['what is no heal', [500, 700, 900].map((at) => heal(at, { step: attachStep() })), {}, false],
  [
    'a resume in between',
    [heal(500), record({ step: { kind: 'resume', reason: '' } }), heal(700), heal(900)],
    {},
    false,
  ],
])('%s', (_name, records, now, stalled) => {
  expect([...stalledHeals(records, { ...NOW, ...now }, keyOf).values()]).toEqual(stalled ? ['veth0'] : []);
});
