// Which planned steps failed before: those that would do the same again.
import { expect, it } from 'vitest';
import type { JournalRecord } from '../../src/model/record.js';
import type { Step } from '../../src/model/step.js';
import { formerFailures } from '../../src/plan/former-failures.js';
import { attachStep, cleanStep, reattachStep, swapStep } from '../journal/support.js';

const none = { ...cleanStep(), kind: 'none', action: 'none', condition: 'Ready' } as unknown as Step;
const generic = { ...attachStep(), modes: ['generic' as const] };

it.each<[string, Step, JournalRecord['step'], boolean]>([
  ['the same step', attachStep(), attachStep(), true],
  ['the same cleaning', cleanStep(), cleanStep(), true],
  ['the same swap', swapStep(1), swapStep(2), true],
  ['another program', attachStep(), attachStep('veth0', 'old'), false],
  ['another mode', attachStep(), generic, false],
  ['a swap in another mode', swapStep(1), { ...swapStep(1), mode: 'generic' }, false],
  ['another kind of step', attachStep(), { ...reattachStep(1), modes: ['native'] }, false],
  ['a step on another interface', attachStep(), attachStep('veth1'), false],
  ['no step at all', none, none as never, false],
])('%s', (_what, planned, last, isFormer) => {
  const name = 'interface' in last ? last.interface : '';
  const found = formerFailures([{ step: planned }], new Map([[name, { step: last, note: 'EBUSY' }]]));
  expect([...found]).toEqual(isFormer ? [['veth0', { condition: 'Failed', reason: 'EBUSY' }]] : []);
});

it('a record that does not say why has the reason of the step; every step is looked up', () => {
  const steps = [{ step: attachStep('veth1') }, { step: attachStep() }];
  const found = formerFailures(steps, new Map([['veth0', { step: attachStep() }]]));
  expect([...found]).toEqual([['veth0', { condition: 'Failed', reason: 'not attached, which failed' }]]);
});
