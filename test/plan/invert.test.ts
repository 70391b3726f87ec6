import { expect, it } from 'vitest';
import type { EffectiveStep } from '../../src/model/step.js';
import { invert } from '../../src/plan/invert.js';

const maps = { carried: [], fresh: [] };

it('has nothing to go back to when the program of a link is pinned nowhere', () => {
  const swap: EffectiveStep = {
    kind: 'swap',
    action: 'update',
    interface: 'ens5',
    reason: 'program of a lost pin -> bbbb',
    gap: false,
    ifindex: 3,
    mode: 'native',
    linkId: 20,
    fromProgramId: 10,
    instance: { digest: 'bbbb', pinned: false, maps },
  };
  expect(invert(swap)).toBeUndefined();
  expect(invert({ ...swap, fromDigest: 'aaaa' })).toMatchObject({
    instance: { digest: 'aaaa', pinned: true },
  });
});

it('undoes the undoing of a swap with the same two instances', () => {
  const swap: EffectiveStep = {
    kind: 'swap',
    action: 'update',
    interface: 'ens5',
    reason: 'program aaaa -> bbbb',
    gap: false,
    ifindex: 3,
    mode: 'native',
    linkId: 20,
    fromDigest: 'aaaa',
    instance: { digest: 'bbbb', pinned: true, maps },
  };
  const back = invert(swap);
  expect(back && invert(back)).toMatchObject({ fromDigest: 'aaaa', instance: { digest: 'bbbb' } });
});
