// A plan for some interfaces alone.
import { expect, it } from 'vitest';
import type { Plan, Step } from '../../src/model/step.js';
import { limit } from '../../src/plan/limit.js';

const base = { action: 'update', reason: 'r', gap: false } as const;
const clean = (name: string): Step => ({ ...base, kind: 'clean', interface: name, keepDigest: 'd' });
const rename = (from: string, to: string): Step => ({
  ...base,
  kind: 'rename',
  interface: to,
  from,
  ifindex: 1,
  linkId: 1,
});
const none = (name: string): Step => ({
  ...base,
  action: 'none',
  kind: 'none',
  interface: name,
  condition: 'Ready',
});
const plan = (...steps: Step[]): Plan => ({ steps: steps.map((step) => ({ step })), warnings: ['w'] });

it.each<[string, Step[], string[], string[]]>([
  ['what is named stays, in its order', [clean('b'), none('a'), clean('c')], ['a', 'b'], ['b', 'a']],
  ['what is not named goes, whatever it is', [clean('b'), none('c')], ['a'], []],
  ['a rename needs both of its names', [rename('a', 'b'), clean('b')], ['b'], ['b']],
  ['and stays with both', [rename('a', 'b')], ['a', 'b'], ['b']],
])('%s', (_name, steps, only, left) => {
  const limited = limit(plan(...steps), new Set(only));
  expect(limited.steps.map(({ step }) => step.interface)).toEqual(left);
  expect(limited.steps.some(({ step }) => step.kind === 'rename')).toBe(
    only.length === 2 && steps.length === 1,
  );
  expect(limited.warnings, 'nobody asked about the state files').toEqual([]);
});
