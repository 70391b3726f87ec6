import { expect, test } from 'vitest';
import { recoverOpenIntents } from '../../src/journal/recover-intents.js';
import type { ObservedState } from '../../src/model/observed.js';
import type { JournalRecord } from '../../src/model/record.js';
import { attachStep, cleanStep, detachStep, reattachStep, swapStep } from './support.js';

const OLD = 100;
const NEW = 101;

/** What the kernel runs on veth0: nothing, or our link with one of two instances. */
function observed(link?: { id: number; runs: number; here?: boolean }): ObservedState {
  const instances = [
    { digest: 'old', programId: OLD, maps: [] },
    { digest: 'new', programId: NEW, maps: [] },
  ];
  const ours = link && { id: link.id, programId: link.runs, ifindex: link.here === false ? 0 : 7 };
  const xdp = { mode: 'native' as const, programName: 'icmp_drop' };
  return {
    boot: 'b',
    netns: 1,
    interfaces: [
      {
        name: 'veth0',
        ifindex: 7,
        tc: [],
        xdp: ours && link.here !== false ? [{ ...xdp, programId: ours.programId, linkId: ours.id }] : [],
      },
    ],
    owned: [{ name: 'veth0', instances, ...(ours && { link: ours }) }],
  };
}

const intents = (step: JournalRecord['step']): JournalRecord[] => [
  { seq: 5, prev: '', time: '', boot: 'b', netns: 1, generation: 2, phase: 'intent', step },
];

test.each<[string, JournalRecord['step'], ObservedState, 'done' | 'undone']>([
  ['attach, no link', attachStep(), observed(), 'undone'],
  ['attach, its instance runs', attachStep(), observed({ id: 8, runs: NEW }), 'done'],
  [
    'attach, then the interface was deleted',
    attachStep(),
    observed({ id: 8, runs: NEW, here: false }),
    'done',
  ],
  ['attach, another instance runs', attachStep(), observed({ id: 8, runs: OLD }), 'undone'],
  ['attach, a program of no instance runs', attachStep(), observed({ id: 8, runs: 102 }), 'undone'],
  [
    'attach anew, the dead link is there',
    attachStep('veth0', 'new', true),
    observed({ id: 8, runs: NEW, here: false }),
    'undone',
  ],
  [
    'attach anew, a link on the interface',
    attachStep('veth0', 'new', true),
    observed({ id: 9, runs: NEW }),
    'done',
  ],
  ['attach after a rename', attachStep('veth0', 'new', false), observed({ id: 9, runs: NEW }), 'done'],
  ['attach, nothing of ours at all', attachStep('veth9'), observed({ id: 8, runs: NEW }), 'undone'],
  ['swap, before', swapStep(8), observed({ id: 8, runs: OLD }), 'undone'],
  ['swap, after', swapStep(8), observed({ id: 8, runs: NEW }), 'done'],
  ['swap, the link is another one', swapStep(8), observed({ id: 9, runs: NEW }), 'undone'],
  ['swap, no link', swapStep(8), observed(), 'undone'],
  ['change of mode, before', reattachStep(8), observed({ id: 8, runs: NEW }), 'undone'],
  ['change of mode, between', reattachStep(8), observed(), 'undone'],
  ['change of mode, after', reattachStep(8), observed({ id: 9, runs: NEW }), 'done'],
  ['detach, before', detachStep(8), observed({ id: 8, runs: OLD }), 'undone'],
  ['detach, after', detachStep(8), observed(), 'done'],
  ['detach, a new link since', detachStep(8), observed({ id: 9, runs: OLD }), 'done'],
  ['detach of left-over pins', detachStep(), observed(), 'done'],
  ['clean', cleanStep(), observed({ id: 8, runs: NEW }), 'done'],
])('%s', (_what, step, state, phase) => {
  const [outcome, ...more] = recoverOpenIntents(intents(step), state);
  expect(more).toEqual([]);
  expect(outcome).toMatchObject({ phase, of: 5, generation: 2, step });
  expect(outcome?.note).toMatch(/^recovered: /);
});

test('every intent is settled, in its order', () => {
  const open = [...intents(attachStep()), ...intents(detachStep(3)).map((one) => ({ ...one, seq: 6 }))];
  expect(recoverOpenIntents(open, observed()).map(({ of, phase }) => [of, phase])).toEqual([
    [5, 'undone'],
    [6, 'done'],
  ]);
});
