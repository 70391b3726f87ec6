// The rows of a status: what each interface runs, and how it stands to what is wanted.
import { expect, it } from 'vitest';
import type { NoStep, PlannedStep } from '../../src/model/step.js';
import { conditions, type Failure } from '../../src/plan/conditions.js';
import { nic, observed, ours, owned } from '../support/states.js';

const drift = { at: '2027-01-01T00:00:00Z', by: 'somebody else', what: 'detached' } as unknown as NonNullable<
  NoStep['drift']
>;
const base = { action: 'update', reason: 'pins of a former instance are removed', gap: false } as const;
const clean = (name: string): PlannedStep => ({
  step: { ...base, kind: 'clean', interface: name, keepDigest: 'aaaa' },
});
const none = (name: string, change: Partial<NoStep> = {}): PlannedStep => ({
  step: {
    kind: 'none',
    action: 'none',
    interface: name,
    reason: 'in sync',
    gap: false,
    condition: 'Ready',
    ...change,
  },
});
const rows = (steps: PlannedStep[], failures: [string, Failure][] = []) =>
  conditions(
    { steps, warnings: [] },
    observed([nic('a', 3, ours()), nic('b', 4)], [owned('a')]),
    new Map(failures),
  );

it('has a row for each interface, by name, and none for a rename', () => {
  const rename: PlannedStep = {
    step: { ...base, kind: 'rename', interface: 'a', from: 'z', ifindex: 3, linkId: 20 },
  };
  expect(
    rows([none('gone', { condition: 'Missing' }), rename, none('a'), none('b')]).map(({ name }) => name),
  ).toEqual(['a', 'b', 'gone']);
});

it('says what runs where our link runs, and no more elsewhere', () => {
  expect(rows([none('a'), none('b'), none('gone', { condition: 'Missing', reason: 'not there' })])).toEqual([
    {
      name: 'a',
      ifindex: 3,
      mode: 'native',
      programId: 10,
      linkId: 20,
      digest: 'aaaa',
      condition: 'Ready',
      reason: 'in sync',
    },
    { name: 'b', ifindex: 4, condition: 'Ready', reason: 'in sync' },
    { name: 'gone', condition: 'Missing', reason: 'not there' },
  ]);
});

it('is pending where a step is to be done, or what became of it when it was tried', () => {
  const failure: Failure = { condition: 'Failed', reason: 'no room' };
  expect(rows([clean('a'), clean('b')], [['b', failure]])).toMatchObject([
    { name: 'a', condition: 'Pending', reason: base.reason },
    { name: 'b', condition: 'Failed', reason: 'no room' },
  ]);
  expect(rows([none('a')], [['a', failure]])).toMatchObject([{ condition: 'Ready' }]);
});

it('is drifted where the step brings back what ran before, and keeps the cause', () => {
  const drifting: PlannedStep = { step: { ...base, kind: 'clean', interface: 'b', keepDigest: 'x', drift } };
  expect(rows([none('a', { drift }), drifting])).toMatchObject([{ drift }, { drift, condition: 'Drifted' }]);
  expect(rows([none('a')])[0]).not.toHaveProperty('drift');
});
