import { describe, expect, it } from 'vitest';
import type { EffectiveStep } from '../../src/model/step.js';
import { verifyStep } from '../../src/verify/verify.js';
import { instance, nic, observed, ours, owned } from '../support/states.js';

const base = { interface: 'ens5', reason: '', gap: false, ifindex: 3 };
const target = { digest: 'aaaa', pinned: false, maps: { carried: [], fresh: [] } };
const attach: EffectiveStep = {
  ...base,
  kind: 'attach',
  action: 'attach',
  modes: ['native', 'generic'],
  dropLink: false,
  instance: target,
};
const swap: EffectiveStep = {
  ...base,
  kind: 'swap',
  action: 'update',
  mode: 'native',
  linkId: 20,
  instance: target,
};
const detach: EffectiveStep = { ...base, kind: 'detach', action: 'detach' };

describe('what was promised is what runs', () => {
  const good = observed([nic('ens5', 3, ours())], [owned('ens5')]);
  it.each([
    ['attach', attach, good, undefined],
    [
      'attach, fallen back',
      attach,
      observed([nic('ens5', 3, ours({ mode: 'generic' }))], [owned('ens5')]),
      undefined,
    ],
    ['swap', swap, good, undefined],
    ['detach', detach, observed([nic('ens5', 3)]), undefined],
    ['no link', attach, observed([nic('ens5', 3)]), 'the interface does not run our link (none)'],
    [
      'link elsewhere',
      swap,
      observed([nic('ens5', 3)], [owned('ens5')]),
      'the interface does not run our link (elsewhere)',
    ],
    [
      'another program',
      swap,
      observed(
        [nic('ens5', 3, ours())],
        [owned('ens5', { instances: [instance('aaaa', 11), instance('bbbb', 10)] })],
      ),
      'program 10 runs instead of instance aaaa',
    ],
    [
      'another mode',
      swap,
      observed([nic('ens5', 3, ours({ mode: 'generic' }))], [owned('ens5')]),
      'attached generic instead of native',
    ],
    ['still pinned', detach, good, 'link 20 is still pinned'],
  ])('%s', (_, step, state, problem) => {
    expect(verifyStep(step, state)).toBe(problem);
  });
});
