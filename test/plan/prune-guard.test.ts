// How much may go at once before somebody is asked.
import { expect, it } from 'vitest';
import { diff } from '../../src/diff/diff.js';
import { findRenames, withRename } from '../../src/diff/renames.js';
import type { ObservedInterface, OwnedInterface } from '../../src/model/observed.js';
import type { Step } from '../../src/model/step.js';
import { plan } from '../../src/plan/plan.js';
import { suspectPrune } from '../../src/plan/prune-guard.js';
import { desired, nic, NETNS, NOTHING_BEFORE, observed, ours, owned, wanted } from '../support/states.js';

/** Interfaces ens0, ens1, ..., each with a link of ours that runs. */
function running(count: number): { interfaces: ObservedInterface[]; pins: OwnedInterface[] } {
  const numbers = Array.from({ length: count }, (_, at) => at);
  return {
    interfaces: numbers.map((at) => nic(`ens${at}`, at + 1, ours({ programId: 100 + at, linkId: 200 + at }))),
    pins: numbers.map((at) =>
      owned(`ens${at}`, {
        link: { id: 200 + at, programId: 100 + at, ifindex: at + 1 },
        instances: [{ digest: 'aaaa', programId: 100 + at, maps: [] }],
      }),
    ),
  };
}

function suspect(names: string[], { interfaces, pins }: ReturnType<typeof running>): string | undefined {
  const found = observed(interfaces, pins);
  const state = desired(...names.map((name) => wanted(name)));
  const renames = findRenames(state, found);
  const after = renames.reduce(withRename, found);
  const context = {
    observed: after,
    definitions: new Map(),
    past: { ...NOTHING_BEFORE, attachedFrom: new Map(pins.map(({ name }) => [name, NETNS])) },
  };
  return suspectPrune(plan(state, diff(state, after), context, renames), found);
}

it.each([
  { running: 1, wanted: 0, held: true },
  { running: 2, wanted: 1, held: false },
  { running: 2, wanted: 0, held: true },
  { running: 3, wanted: 2, held: false },
  { running: 3, wanted: 1, held: true },
  { running: 4, wanted: 2, held: false },
  { running: 4, wanted: 1, held: true },
  { running: 100, wanted: 50, held: false },
  { running: 100, wanted: 49, held: true },
])('$wanted of $running are left: held back $held', ({ running: count, wanted: left, held }) => {
  const names = Array.from({ length: left }, (_, at) => `ens${at}`);
  expect(suspect(names, running(count)) !== undefined).toBe(held);
});

it('names what would go', () => {
  expect(suspect([], running(2))).toBe('nothing that runs would be left: ens0, ens1 would be detached');
  expect(suspect(['ens0'], running(3))).toBe('2 of 3 interfaces would be detached: ens1, ens2');
});

it('a move from the only interface to another one leaves the first one open', () => {
  const { interfaces, pins } = running(1);
  expect(suspect(['ens9'], { interfaces: [...interfaces, nic('ens9', 9)], pins })).toContain('ens0');
});

it('a name that does not exist makes any loss suspect', () => {
  expect(suspect(['ens0', 'ens1', 'ens22'], running(3))).toBe(
    'ens2 would be left without a program, while ens22 does not exist: a name may be wrong',
  );
  expect(suspect(['ens0', 'ens1', 'ens2', 'ens33'], running(3))).toBeUndefined();
  expect(suspect(['ens11', 'ens22'], running(2))).toBe(
    'nothing that runs would be left: ens0, ens1 would be detached, while ens11, ens22 do not exist: a name may be wrong',
  );
  expect(suspect(['ens0', 'ens11'], running(3))).toBe(
    '2 of 3 interfaces would be detached: ens1, ens2, while ens11 does not exist: a name may be wrong',
  );
});

it('what does not run cannot be lost', () => {
  const { pins } = running(3);
  const dead = pins.map((one) => ({ ...one, link: { id: 1, programId: 1, ifindex: 0 } }));
  expect(suspect(['veth*'], { interfaces: [], pins: dead })).toBeUndefined();
});

it('an interface whose new name nobody wants is lost like any other', () => {
  const { interfaces, pins } = running(1);
  const renamed = interfaces.map((one) => ({ ...one, name: 'wan0' }));
  expect(suspect(['ens*'], { interfaces: renamed, pins })).toContain('nothing that runs would be left');
  expect(suspect(['wan0'], { interfaces: renamed, pins })).toBeUndefined();
});

it('a redirect target that is missing, or an interface that is refused, is no name that may be wrong', () => {
  const found = observed(running(3).interfaces, running(3).pins);
  const none = { kind: 'none', action: 'none', reason: 'r', gap: false } as const;
  const about = (step: Step) =>
    suspectPrune(
      {
        warnings: [],
        steps: [
          { step },
          {
            step: {
              kind: 'detach',
              action: 'detach',
              interface: 'ens2',
              reason: 'r',
              gap: false,
              linkId: 202,
            },
          },
        ],
      },
      found,
    );
  expect(about({ ...none, interface: 'x', condition: 'Missing' })).toContain('while x does not exist');
  expect(about({ ...none, interface: 'x', condition: 'Missing', ifindex: 9 })).toBeUndefined();
  expect(about({ ...none, interface: 'x', condition: 'Failed' })).toBeUndefined();
});

it('of two that run, losing one is no rarity; links that nobody runs here are not counted', () => {
  const { interfaces, pins } = running(2);
  expect(suspect(['ens0'], { interfaces, pins })).toBeUndefined();
  const dead = owned('gone', { link: { id: 299, programId: 1, ifindex: 0 } });
  expect(suspect(['ens0', 'ens1'], { interfaces, pins: [...pins, dead] })).toBeUndefined();
});
