// What a suspension takes out of a plan.
import { expect, it } from 'vitest';
import type { Plan, Step } from '../../src/model/step.js';
import type { Suspension } from '../../src/model/suspension.js';
import { suspend } from '../../src/plan/suspend.js';

const about = { reason: 'because', gap: false };
const clean = (name: string): Step => ({
  ...about,
  kind: 'clean',
  action: 'update',
  interface: name,
  keepDigest: 'a',
});
const none = (name: string): Step => ({
  ...about,
  kind: 'none',
  action: 'none',
  interface: name,
  condition: 'Ready',
});
const rename = (from: string, to: string): Step => ({
  ...about,
  kind: 'rename',
  action: 'update',
  interface: to,
  from,
  ifindex: 1,
  linkId: 1,
});
const plan = (...steps: Step[]): Plan => ({ steps: steps.map((step) => ({ step })), warnings: [] });
const suspension = (only?: string): Suspension => ({
  reason: 'r',
  by: 'root',
  since: '2026-01-01T00:00:00.000Z',
  ...(only !== undefined && { interface: only }),
});

function split(steps: Step[], ...suspensions: Suspension[]): { active: string[]; waiting: string[] } {
  return splitBut([], steps, suspensions);
}

function splitBut(
  except: string[],
  steps: Step[],
  inForce: Suspension[],
): { active: string[]; waiting: string[] } {
  const { active, waiting } = suspend(plan(...steps), { inForce, except: new Set(except) });
  const name = (step: Step) => `${step.kind} ${step.interface}`;
  return { active: active.steps.map(({ step }) => name(step)), waiting: [...waiting].map(name) };
}

it('without a suspension nothing waits', () => {
  expect(split([clean('a'), none('b')])).toEqual({ active: ['clean a', 'none b'], waiting: [] });
});

it('of everything: what has an effect waits, what has none is still said', () => {
  expect(split([clean('a'), none('b')], suspension())).toEqual({ active: ['none b'], waiting: ['clean a'] });
});

it('of one interface: the others go on', () => {
  expect(split([clean('a'), clean('b')], suspension('a'))).toEqual({
    active: ['clean b'],
    waiting: ['clean a'],
  });
});

it.each(['a', 'b', 'c'])('a ring of renames waits as a whole when %s does, with what follows it', (only) => {
  const ring = [rename('a', 'b'), rename('b', 'c'), clean('a'), clean('b'), clean('c'), clean('d')];
  const { active, waiting } = split(ring, suspension(only));
  expect(active).toEqual(['clean d']);
  expect(waiting).toHaveLength(5);
});

it('what is excepted goes on, and the others wait', () => {
  expect(splitBut(['a'], [clean('a'), clean('b')], [suspension()])).toEqual({
    active: ['clean a'],
    waiting: ['clean b'],
  });
});
