// What undoes each step, as a whole.
import { expect, it } from 'vitest';
import type { EffectiveStep } from '../../src/model/step.js';
import { invert } from '../../src/plan/invert.js';

const maps = { carried: [], fresh: [] };
const about = { interface: 'ens5', reason: 'r', gap: false } as const;
const undo = { interface: 'ens5', reason: 'undo: r', gap: false } as const;
const pinned = (digest: string) => ({ digest, pinned: true, maps });
const target = { digest: 'bbbb', pinned: false, maps: { carried: ['x'], fresh: [] } };
const on = { ifindex: 3, linkId: 20 };
const swap = { ...about, ...on, kind: 'swap', action: 'update', mode: 'native', instance: target } as const;
const reattach: EffectiveStep = {
  ...{ ...about, ...on, gap: true, kind: 'reattach', action: 'update' },
  ...{ modes: ['generic'], fromMode: 'native', instance: target },
};
const attach: EffectiveStep = {
  ...{ ...about, kind: 'attach', action: 'attach', ifindex: 3 },
  ...{ modes: ['native', 'generic'], instance: target, dropLink: true },
};
const detach = { ...about, kind: 'detach', action: 'detach' } as const;
const detached = { ...detach, ...on, mode: 'native', fromDigest: 'aaaa' } as const;
const foreign = { programId: 90, programName: 'theirs', mode: 'generic' } as const;
const undetached = { ...undo, kind: 'detach', action: 'detach', ifindex: 3, fromDigest: 'bbbb' };
const reattached = {
  ...{ ...undo, kind: 'attach', action: 'attach', ifindex: 3 },
  ...{ modes: ['native'], dropLink: false, instance: pinned('aaaa') },
};

it.each<[string, EffectiveStep, unknown]>([
  ['attach', attach, undetached],
  [
    'attach in the place of a foreign program',
    { ...attach, takeOver: { ...foreign, linkId: 7 } },
    { ...undetached, giveBack: { programId: 90, mode: 'generic', ifTaken: true } },
  ],
  [
    'swap',
    { ...swap, fromProgramId: 10, fromDigest: 'aaaa' },
    {
      ...{ ...undo, ...on, kind: 'swap', action: 'update', mode: 'native' },
      ...{ fromDigest: 'bbbb', instance: pinned('aaaa') },
    },
  ],
  ['swap of a program that is pinned nowhere', { ...swap, fromProgramId: 10 }, undefined],
  [
    'reattach',
    { ...reattach, fromDigest: 'aaaa' },
    {
      ...{ ...undo, ...on, gap: true, kind: 'reattach', action: 'update' },
      ...{ modes: ['native'], fromMode: 'generic', fromDigest: 'bbbb', instance: pinned('aaaa') },
    },
  ],
  ['reattach of a program that is pinned nowhere', reattach, undefined],
  ['reattach in no mode', { ...reattach, fromDigest: 'aaaa', modes: [] }, undefined],
  ['detach', detached, reattached],
  [
    'detach that gives back',
    { ...detached, giveBack: { programId: 90, mode: 'generic' } },
    { ...reattached, takeOver: { programId: 90, programName: '', mode: 'generic' } },
  ],
  ['detach of nothing that ran', { ...detach, ifindex: 3, linkId: 20 }, undefined],
  ['detach where the interface is gone', { ...detach, mode: 'native', fromDigest: 'aaaa' }, undefined],
  ['detach in no mode', { ...detach, ifindex: 3, fromDigest: 'aaaa' }, undefined],
  ['detach of a lost pin', { ...detach, ifindex: 3, mode: 'native' }, undefined],
  [
    'rename',
    { ...about, ...on, kind: 'rename', action: 'update', from: 'wan0' },
    { ...undo, ...on, kind: 'rename', action: 'update', interface: 'wan0', from: 'ens5' },
  ],
  [
    'repin',
    { ...about, kind: 'repin', action: 'update', digest: 'aaaa', maps: [{ id: 1, name: 'x' }] },
    { ...undo, kind: 'clean', action: 'update', keepDigest: 'aaaa' },
  ],
  ['clean', { ...about, kind: 'clean', action: 'update', keepDigest: 'aaaa' }, undefined],
])('%s', (_what, step, inverse) => {
  expect(invert(step)).toStrictEqual(inverse);
});

it('undoes the undoing of a swap with the same two instances', () => {
  const back = invert({ ...swap, fromDigest: 'aaaa' });
  expect(back && invert(back)).toMatchObject({ fromDigest: 'aaaa', instance: { digest: 'bbbb' } });
});
