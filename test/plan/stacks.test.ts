// Stacked interfaces in a plan: the order, what has to make room, and who refuses.
import { describe, expect, it } from 'vitest';
import { diff } from '../../src/diff/diff.js';
import type { DesiredInterface } from '../../src/model/desired.js';
import type { ObservedInterface, XdpAttachment } from '../../src/model/observed.js';
import type { Step } from '../../src/model/step.js';
import { plan } from '../../src/plan/plan.js';
import { suspend } from '../../src/plan/suspend.js';
import { desired, NOTHING_BEFORE, nic, observed, ours, owned, stranger, wanted } from '../support/states.js';

const stacked = (
  name: string,
  ifindex: number,
  above: string[],
  ...xdp: XdpAttachment[]
): ObservedInterface => ({
  ...nic(name, ifindex, ...xdp),
  device: { largest: 1500, above },
});

/** Links of ours are 20 on `ifindex` 3, 21 on 4. */
const held = (name: string, ifindex: number, id: number) =>
  owned(name, { link: { id, programId: 10, ifindex } });

function planned(
  want: DesiredInterface[],
  interfaces: ObservedInterface[],
  pins = [] as ReturnType<typeof held>[],
  failed?: Step,
) {
  const have = observed(interfaces, pins);
  return plan(desired(...want), diff(desired(...want), have), {
    observed: have,
    definitions: new Map(),
    past: {
      ...NOTHING_BEFORE,
      failedLately: new Map(
        failed ? [[failed.interface, { step: failed as never, note: 'the driver' }]] : [],
      ),
    },
  });
}

const PORT = (...xdp: XdpAttachment[]) => stacked('ens5', 2, ['br0'], ...xdp);

describe('a lower interface', () => {
  it('comes first', () => {
    const { steps } = planned(
      [wanted('vlan'), wanted('br0'), wanted('ens5')],
      [PORT(), stacked('br0', 3, ['vlan']), stacked('vlan', 4, [])],
    );
    expect(steps.map(({ step }) => [step.interface, step.gap])).toEqual([
      ['ens5', false],
      ['br0', false],
      ['vlan', false],
    ]);
  });

  it('lifts all that is attached above it, and its inverse does as well', () => {
    const { steps } = planned(
      [wanted('ens5'), wanted('br0', { mode: 'auto' }), wanted('vlan')],
      [PORT(), stacked('br0', 3, ['vlan'], ours()), stacked('vlan', 4, [], ours({ linkId: 21 }))],
      [held('br0', 3, 20), held('vlan', 4, 21)],
    );
    const lifts = [
      { interface: 'br0', ifindex: 3, modes: ['native', 'generic'] },
      { interface: 'vlan', ifindex: 4, modes: ['native'] },
    ];
    const found = steps.find(({ step }) => step.interface === 'ens5');
    expect(found?.step).toMatchObject({ kind: 'attach', gap: true, lifts });
    expect(found?.step.reason).toBe('not attached; gap on br0, vlan above it, whose links are made anew');
    expect(found?.inverse).toMatchObject({ kind: 'detach', lifts });
  });

  it('leaves alone what stands on an interface without a program', () => {
    const { steps } = planned(
      [wanted('ens5'), wanted('vlan')],
      [PORT(), stacked('br0', 3, ['vlan']), stacked('vlan', 4, [], ours({ linkId: 21 }))],
      [held('vlan', 4, 21)],
    );
    expect(steps.find(({ step }) => step.interface === 'ens5')?.step).toMatchObject({
      kind: 'attach',
      gap: false,
    });
  });

  it('is refused below a stranger, and comes behind one that is taken over', () => {
    const have = [PORT(), stacked('br0', 3, [], stranger())];
    expect(planned([wanted('ens5')], have).steps).toMatchObject([
      {
        step: {
          condition: 'Refused',
          reason: expect.stringContaining('br0 above it has the foreign program 90') as string,
        },
      },
    ]);
    const { steps } = planned([wanted('ens5'), wanted('br0', { foreign: 'replace' })], have);
    expect(steps.map(({ step }) => step.interface)).toEqual(['br0', 'ens5']);
    expect(steps[1]?.step).toMatchObject({ kind: 'attach', gap: true, lifts: [{ interface: 'br0' }] });
  });

  it('does not pay with a gap again for what just failed, and waits while one above it is suspended', () => {
    const have = [PORT(), stacked('br0', 3, [], ours())];
    const want = [wanted('ens5'), wanted('br0')];
    const first = planned(want, have, [held('br0', 3, 20)]);
    const step = first.steps.find((one) => one.step.interface === 'ens5')?.step;
    if (!step) throw new Error('no step');
    expect(planned(want, have, [held('br0', 3, 20)], step).steps).toContainEqual({
      step: expect.objectContaining({ condition: 'Failed', gap: false }) as unknown,
    });
    const inForce = [{ interface: 'br0', reason: 'a test', since: '', until: '' }];
    const { waiting } = suspend(first, { inForce, except: new Set() } as never);
    expect([...waiting].map((one) => one.interface)).toEqual(['ens5']);
  });
});
