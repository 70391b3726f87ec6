// How each interface ran last, as records of all kinds tell it.
import { expect, it } from 'vitest';
import { lastAttachments } from '../../src/journal/last-attachments.js';
import type { JournalRecord } from '../../src/model/record.js';

const instance = (digest: string) => ({ digest, pinned: false, maps: { carried: [], fresh: [] } });
const base = { interface: 'ens5', reason: 'a test', gap: false, ifindex: 3, instance: instance('aaaa') };
const attach = { ...base, kind: 'attach', action: 'attach', modes: ['native', 'generic'], dropLink: false };
const fellBack = { ...attach, attached: { mode: 'generic', fellBackBecause: 'the MTU' } };
const swap = {
  ...base,
  kind: 'swap',
  action: 'update',
  mode: 'generic',
  linkId: 1,
  instance: instance('bbbb'),
};
const detach = { ...base, kind: 'detach', action: 'detach' };
const trial = { kind: 'trial', reason: 'a probe' };
const rename = { ...base, kind: 'rename', action: 'update', interface: 'lan0', from: 'ens5', linkId: 1 };

const done = (...steps: [step: object, generation?: number, phase?: string][]): JournalRecord[] =>
  steps.map(([step, generation = 1, phase = 'done']) => ({ phase, generation, step }) as JournalRecord);

it.each<[string, JournalRecord[], unknown]>([
  ['nothing', [], undefined],
  [
    'an attachment that fell back',
    done([fellBack]),
    { mode: 'generic', fellBackBecause: 'the MTU', digest: 'aaaa' },
  ],
  ['one that an older release wrote', done([attach]), undefined],
  ['one that could be nothing else', done([{ ...attach, modes: ['native'] }]), { mode: 'native' }],
  ['a swap since', done([fellBack], [swap]), { mode: 'generic', fellBackBecause: 'the MTU', digest: 'bbbb' }],
  [
    'a swap on an interface that was made anew',
    done([fellBack], [{ ...swap, ifindex: 4 }]),
    { mode: 'generic', ifindex: 4 },
  ],
  ['a step that was not done', done([fellBack], [swap, 2, 'failed']), { digest: 'aaaa' }],
  ['a detachment since', done([fellBack], [detach]), undefined],
  [
    'a trial that was undone',
    done([fellBack], [{ ...swap, mode: 'native' }, 2], [trial, 2, 'undone']),
    { digest: 'aaaa', mode: 'generic' },
  ],
  ['another name since', done([fellBack], [rename]), undefined],
])('%s', (_name, records, expected) => {
  const found = lastAttachments(records).get('ens5');
  if (expected === undefined) expect(found).toBeUndefined();
  else expect(found).toMatchObject(expected as object);
});

it('follows an interface to its new name', () => {
  expect(lastAttachments(done([fellBack], [rename])).get('lan0')).toMatchObject({
    mode: 'generic',
    digest: 'aaaa',
  });
});
