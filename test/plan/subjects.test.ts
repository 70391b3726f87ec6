// What makes a plan stale, and how that is said.
import { expect, it } from 'vitest';
import type { ObservedState } from '../../src/model/observed.js';
import type { Plan, PlannedStep } from '../../src/model/step.js';
import { bareSteps, subjectsOf, whatChanged } from '../../src/plan/subjects.js';
import { nic, observed, ours, owned, stranger, wanted } from '../support/states.js';

const base = { action: 'update', reason: 'r', gap: false } as const;
const rename: PlannedStep = {
  step: { ...base, kind: 'rename', interface: 'b', from: 'a', ifindex: 3, linkId: 20 },
};
const clean = (name: string): PlannedStep => ({
  step: { ...base, kind: 'clean', interface: name, keepDigest: 'aaaa' },
});
const planOf = (...steps: PlannedStep[]): Plan => ({ steps, warnings: [] });

it('is about the interfaces of its steps, both names of a rename, each once and in order', () => {
  const have = observed([nic('b', 3, ours()), nic('x', 9)], [owned('a')]);
  expect(subjectsOf(planOf(clean('c'), rename, clean('b')), have)).toEqual([
    { name: 'a', owned: owned('a') },
    { name: 'b', interface: { name: 'b', ifindex: 3, xdp: [ours()] } },
    { name: 'c' },
  ]);
});

it('is kept without its programs, which lie in the desired state', () => {
  const instance = {
    digest: 'aaaa',
    pinned: false,
    program: wanted('a').program,
    maps: { carried: [], fresh: [] },
  };
  const attach: PlannedStep = {
    step: {
      ...base,
      kind: 'attach',
      interface: 'a',
      ifindex: 3,
      modes: ['native'],
      instance,
      dropLink: false,
    },
    inverse: { ...base, kind: 'detach', action: 'detach', interface: 'a' },
  };
  const [bare, other] = bareSteps(planOf(attach, clean('b')));
  expect(bare).toEqual({
    step: { ...attach.step, instance: { digest: 'aaaa', pinned: false, maps: { carried: [], fresh: [] } } },
    inverse: attach.inverse,
  });
  expect(attach.step).toHaveProperty('instance.program');
  expect(other).toEqual(clean('b'));
  expect(other).not.toHaveProperty('inverse');
});

const have = observed([nic('a', 3, ours())], [owned('a')]);
const planned = (plan: Plan, seen: ObservedState) => ({
  steps: bareSteps(plan),
  subjects: subjectsOf(plan, seen),
});
const changed = (now: ObservedState, then = have, plan = planOf(clean('a'))) =>
  whatChanged(planned(plan, then), plan, now);

it('holds while nothing has changed, tc programs aside', () => {
  expect(changed(have)).toBeUndefined();
  const tc = { ...nic('a', 3, ours()), tc: [{ kind: 'clsact/ingress', name: 'x', programId: 1 }] };
  expect(changed(observed([tc], [owned('a')]))).toBeUndefined();
});

it.each<[string, ObservedState, ObservedState?]>([
  ['a: the interface is gone', observed([], [owned('a')])],
  ['a: the interface is there, and was not', have, observed([], [owned('a')])],
  ['a: the interface was made anew: ifindex 3 then, 4 now', observed([nic('a', 4, ours())], [owned('a')])],
  [
    'a: its XDP programs were 10 (native), and are 10 (native), 90 (generic)',
    observed([nic('a', 3, ours(), stranger({ mode: 'generic' }))], [owned('a')]),
  ],
  ['a: its XDP programs were 10 (native), and are none', observed([nic('a', 3)], [owned('a')])],
  ['a: what is pinned for it has changed', observed([nic('a', 3, ours())], [owned('a', { instances: [] })])],
  ['a: what is pinned for it has changed', observed([nic('a', 3, ours())])],
])('%s', (said, now, then) => {
  expect(changed(now, then)).toBe(said);
});

it('is stale where another interface joins it, or the same ones need other steps', () => {
  const before = planned(planOf(clean('a')), have);
  expect(whatChanged(before, planOf(clean('a'), clean('b')), have)).toBe('b is there, and was not');
  const other = planOf({ step: { ...base, kind: 'clean', interface: 'a', keepDigest: 'bbbb' } });
  expect(whatChanged(before, other, have)).toBe('what would be done now is not what was planned');
});
