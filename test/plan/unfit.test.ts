// Swaps that the kernel would refuse at every pass: frames in several buffers, and a new program that takes none.
import { expect, it } from 'vitest';
import type { AttachedDifference, PlanContext } from '../../src/plan/context.js';
import { planUnfit } from '../../src/plan/unfit.js';
import {
  DEFINITION,
  instance,
  nic,
  NOTHING_BEFORE,
  observed,
  ours,
  owned,
  wanted,
} from '../support/states.js';

interface Change {
  mode?: 'auto' | 'native';
  attached?: 'native' | 'generic';
  largest?: number;
  takes?: string[];
  running?: string;
}

function plan({
  mode = 'auto',
  attached = 'native',
  largest = 9000,
  takes = ['aaaa'],
  running = 'aaaa',
}: Change) {
  const attachment = ours({ mode: attached });
  const want = wanted('a', { mode, digest: 'bbbb' });
  const difference = {
    ...{ interface: 'a', wanted: want, foreign: [], owned: owned('a') },
    observed: { ...nic('a', 3, attachment), ...(largest > 0 && { device: { largest, above: [] } }) },
    linkState: { kind: 'attached', link: { id: 20, programId: 10, ifindex: 3 }, attachment },
  } as AttachedDifference;
  const attaching = { ...NOTHING_BEFORE.attaching, takesFrags: new Set(takes) };
  const context: PlanContext = {
    observed: observed([]),
    definitions: new Map([['bbbb', [DEFINITION]]]),
    past: { ...NOTHING_BEFORE, attaching },
    keepsFormer: false,
  };
  return planUnfit(difference, running === '' ? undefined : instance(running, 10), context);
}

it.each<[string, Change]>([
  ['in generic mode', { attached: 'generic' }],
  ['where packets fit into a page', { largest: 3498 }],
  ['where the device does not tell', { largest: 0 }],
  ['where what runs is not known', { running: '' }],
  ['where what runs takes none either', { takes: [] }],
  ['where both take them', { takes: ['aaaa', 'bbbb'] }],
])('%s a swap can be planned', (_where, change) => {
  expect(plan(change)).toBeUndefined();
});

const why = /takes no frames in several buffers, in which packets of 9000 bytes come/;

it('under auto the link is made anew in generic mode, with a gap', () => {
  expect(plan({})).toMatchObject({
    ...{ kind: 'reattach', action: 'update', interface: 'a', ifindex: 3, linkId: 20, gap: true },
    ...{ fromDigest: 'aaaa', fromMode: 'native', modes: ['native', 'generic'] },
    reason: expect.stringMatching(why) as string,
    instance: { digest: 'bbbb' },
  });
  expect(plan({ largest: 3499 })).toMatchObject({ kind: 'reattach' });
});

it('under native it is refused, and what to do is said', () => {
  expect(plan({ mode: 'native' })).toMatchObject({
    ...{ kind: 'none', condition: 'Refused' },
    reason: expect.stringMatching(why) as string,
    hint: expect.stringContaining('xdp.frags') as string,
  });
});

it('a policy takes them, as its digest says', () => {
  expect(plan({ takes: [], running: 'aaaa-frags' })).toMatchObject({ kind: 'reattach' });
});
