// Which drift is named how, and what is left as it is.
import { describe, expect, it, test } from 'vitest';
import { diff } from '../../src/diff/diff.js';
import type { Installed } from '../../src/model/drift.js';
import type { ObservedState } from '../../src/model/observed.js';
import type { Step } from '../../src/model/step.js';
import type { DriftContext } from '../../src/plan/context.js';
import type { DesiredInterface } from '../../src/model/desired.js';
import { USUAL_CONNECTIONS } from '../../src/model/connections.js';
import { driftKey } from '../../src/plan/drift.js';
import { plan } from '../../src/plan/plan.js';
import {
  desired,
  instance,
  map,
  nic,
  NO_DRIFT,
  NOTHING_BEFORE,
  observed,
  ours,
  owned,
  stranger,
  wanted,
} from '../support/states.js';

const INSTALLED: Installed = { digest: 'aaaa', boot: 'boot-1', ifindex: 3, generation: 1 };

function stepOf(have: ObservedState, known: Partial<DriftContext> = {}, entry = wanted('ens5')): Step {
  const want = desired(entry);
  const drift = { ...NO_DRIFT, installed: new Map([['ens5', INSTALLED]]), ...known };
  const context = {
    observed: have,
    definitions: new Map(),
    past: { ...NOTHING_BEFORE, drift },
  };
  const [first] = plan(want, diff(want, have), context).steps;
  if (!first) throw new Error('no step');
  return first.step;
}

const bare = nic('ens5', 3);
const running = nic('ens5', 3, ours());
const noLink = { name: 'ens5', instances: [instance('aaaa', 10)] };
const lost = { ...instance('aaaa', 10), lost: [{ name: 'icmp_drops', id: 30 }] };

const CASES: [string, ObservedState, Partial<Installed>, string | undefined, string][] = [
  ['all pins gone', observed([bare]), {}, 'detached', 'not attached: somebody detached it'],
  ['the link pin gone', observed([bare], [noLink]), {}, 'detached', 'not attached: somebody detached it'],
  [
    'the link detached under its pin',
    observed([bare], [owned('ens5', { link: { id: 20, programId: 10, ifindex: 0 } })]),
    {},
    'detached',
    'not attached: somebody detached it',
  ],
  [
    'a stranger in its place',
    observed([nic('ens5', 3, stranger())], [noLink]),
    {},
    'replaced',
    'the foreign program 90 (cilium_xdp) is attached (native): somebody put it in the place of ours',
  ],
  [
    'another program in our link',
    observed(
      [nic('ens5', 3, ours({ programId: 66 }))],
      [owned('ens5', { link: { id: 20, programId: 66, ifindex: 3 } })],
    ),
    {},
    'replaced',
    'program of a lost pin -> aaaa: somebody put it in the place of ours',
  ],
  [
    'its tables edited',
    observed([running], [owned('ens5', { instances: [{ ...instance('aaaa', 10), differs: 'its tables' }] })]),
    {},
    'edited',
    'program aaaa is not what it was made of: its tables: somebody edited it',
  ],
  [
    'the program pin gone',
    observed([running], [owned('ens5', { instances: [instance('aaaa')] })]),
    {},
    'pins',
    'program of a lost pin -> aaaa: somebody changed the pins',
  ],
  [
    'a map pin gone',
    observed([running], [owned('ens5', { instances: [lost] })]),
    {},
    'pins',
    'maps in use lost their pins, and get them back: somebody changed the pins',
  ],
  [
    'the interface made anew',
    observed([nic('ens5', 9)], [owned('ens5', { link: { id: 20, programId: 10, ifindex: 0 } })]),
    {},
    're-created',
    'the interface was deleted and made again',
  ],
  [
    'the interface made anew, without pins',
    observed([nic('ens5', 9)]),
    {},
    're-created',
    'not attached: the interface was deleted and made again',
  ],
  [
    'another boot',
    observed([bare]),
    { boot: 'boot-0' },
    'rebooted',
    'not attached: the machine was rebooted',
  ],
  ['another program wanted', observed([bare]), { digest: 'bbbb' }, undefined, 'not attached'],
];

test.each(CASES)('%s', (_name, have, installed, drift, reason) => {
  const known = { installed: new Map([['ens5', { ...INSTALLED, ...installed }]]) };
  const step = stepOf(have, known);
  expect([step.drift, step.reason]).toEqual([drift, reason]);
});

test('what was never brought into effect has not drifted', () => {
  expect(stepOf(observed([bare]), { installed: new Map() })).toMatchObject({
    kind: 'attach',
    reason: 'not attached',
  });
});

test.each(CASES.filter(([, , , drift]) => drift !== undefined))(
  'warn leaves it, where somebody did it: %s',
  (_name, have, installed, drift) => {
    const known = { installed: new Map([['ens5', { ...INSTALLED, ...installed }]]) };
    const entry = wanted('ens5', { drift: 'warn' });
    const step = stepOf(have, known, entry);
    const byHand = drift === 'detached' || drift === 'replaced' || drift === 'pins' || drift === 'edited';
    const refused = have.interfaces.some(({ xdp }) => xdp.some(({ programId }) => programId === 90));
    if (!byHand) expect(step).toMatchObject({ kind: 'attach', drift });
    else expect(step).toMatchObject({ kind: 'none', condition: refused ? 'Refused' : 'Drifted', drift });
    expect(stepOf(have, { ...known, insist: true }, entry).kind).toBe(
      refused ? 'none' : stepOf(have, known).kind,
    );
  },
);

it('a fight stalls what it is about alone', () => {
  const detached = observed([bare], [noLink]);
  const heal = stepOf(detached);
  const stalled = new Map([[driftKey(heal) ?? '', 'ens5']]);
  expect(stepOf(detached, { stalled })).toMatchObject({
    kind: 'none',
    condition: 'Stalled',
    reason: 'healed 3 times within 10 minutes, and again: not attached: somebody detached it',
    drift: 'detached',
  });
  expect(stepOf(detached, { stalled, insist: true }).kind).toBe('attach');
  expect(stepOf(observed([running], [owned('ens5', { instances: [lost] })]), { stalled }).kind).toBe('repin');
  const anew = { installed: new Map([['ens5', { ...INSTALLED, boot: 'boot-0' }]]), stalled };
  expect(stepOf(detached, anew).kind).toBe('attach');
});

it('each map is a thing of its own', () => {
  const without = (...names: string[]) => {
    const maps = names.map((name, at) => ({ name, id: 40 + at }));
    const one = { ...instance('aaaa', 10, [map('other')]), lost: maps };
    return driftKey(stepOf(observed([running], [owned('ens5', { instances: [one] })])));
  };
  expect(without('b', 'a')).toBe(without('a', 'b'));
  expect(without('a')).not.toBe(without('a', 'b'));
});

it('what a step heals is known by interface, kind, cause, and maps or program; what heals nothing has no key', () => {
  const about = { interface: 'ens5', action: 'update', reason: 'r', gap: false } as const;
  const repin = (...names: string[]): Step => ({
    ...{ ...about, kind: 'repin', digest: 'aaaa', drift: 'pins' },
    maps: names.map((name, id) => ({ id, name })),
  });
  expect(driftKey(repin('x', 'y'))).toBe('["ens5","repin","pins",["x","y"]]');
  expect(driftKey(repin('y', 'x'))).toBe(driftKey(repin('x', 'y')));
  const clean: Step = { ...about, kind: 'clean', keepDigest: 'aaaa' };
  expect(driftKey(clean)).toBeUndefined();
  expect(driftKey({ ...clean, drift: 'pins' })).toBe('["ens5","clean","pins",[]]');
});

it.each<[string, ObservedState, Partial<DriftContext>]>([
  ['all is as it was', observed([running], [owned('ens5')]), {}],
  ['its link is on another interface', observed([bare], [owned('ens5')]), {}],
  [
    'pins of a former instance are removed',
    observed([running], [owned('ens5', { instances: [instance('aaaa', 10), instance('b', 11)] })]),
    {},
  ],
  [
    'something else was installed',
    observed([bare]),
    { installed: new Map([['ens5', { ...INSTALLED, digest: 'x' }]]) },
  ],
])('no drift is named where %s', (_what, have, known) => {
  expect(stepOf(have, known)).not.toHaveProperty('drift');
});

it('what is left as it is says where it is, and that it costs nothing', () => {
  const step = stepOf(observed([bare]), {}, wanted('ens5', { drift: 'warn' }));
  expect(step).toStrictEqual({
    kind: 'none',
    action: 'none',
    interface: 'ens5',
    ifindex: 3,
    reason: 'not attached: somebody detached it',
    gap: false,
    condition: 'Drifted',
    hint: '`drift: warn` leaves it so: `xdpkeep reconcile --retry` brings it back.',
    drift: 'detached',
  });
});

describe('the recorder', () => {
  const asking = { action: { kind: 'pass' }, match: { connection: ['established'] } };
  const egress = { digest: 'rrrr', connections: USUAL_CONNECTIONS };
  const policy = (name: string, change: Partial<DesiredInterface> = {}): DesiredInterface => {
    const entry = wanted(name, change);
    const firewall = { policy: { rules: [asking] }, protections: [] };
    return { ...entry, program: { ...entry.program, firewall } } as unknown as DesiredInterface;
  };
  const steps = (
    known: Partial<DriftContext>,
    entry = policy('ens5'),
    have = observed([running], [owned('ens5')]),
  ) => {
    const want = desired(entry);
    const past = { ...NOTHING_BEFORE, drift: { ...NO_DRIFT, ...known } };
    const planned = plan(want, diff(want, have), {
      observed: have,
      definitions: new Map(),
      past,
      egress,
    }).steps;
    return planned.map(({ step }) => step);
  };
  const installed = new Map([['ens5', INSTALLED]]);

  test('taken away by hand, it is drift that is healed and named', () => {
    expect(steps({ installed })).toMatchObject([
      { kind: 'none', condition: 'Ready' },
      { kind: 'record', drift: 'detached', reason: 'what leaves is not recorded: somebody detached it' },
    ]);
  });

  test('`drift: warn` leaves it, and an operator has it healed', () => {
    const entry = policy('ens5', { drift: 'warn' });
    expect(steps({ installed }, entry)).toMatchObject([
      { kind: 'none', condition: 'Drifted', drift: 'detached' },
    ]);
    expect(steps({ installed, insist: true }, entry)).toMatchObject([{ kind: 'none' }, { kind: 'record' }]);
  });

  test('taken away too often, it stalls', () => {
    const [, heal] = steps({ installed });
    const stalled = new Map([[heal ? (driftKey(heal) ?? '') : '', 'ens5']]);
    expect(steps({ installed, stalled })).toMatchObject([{ kind: 'none', condition: 'Stalled' }]);
  });

  test('one that was never there is no drift, nor is another release', () => {
    const [, first] = steps({ installed: new Map([['ens5', { ...INSTALLED, digest: 'bbbb' }]]) });
    expect(first).not.toHaveProperty('drift');
    const former = { egress: [{ digest: 'ssss', link: { id: 21, programId: 11, ifindex: 3 } }] };
    const [, renewed] = steps({ installed }, policy('ens5'), observed([running], [owned('ens5', former)]));
    expect(renewed).toMatchObject({
      kind: 'record',
      reason: 'what leaves is recorded by the program of this release',
    });
    expect(renewed).not.toHaveProperty('drift');
  });

  test('after another boot nobody did it', () => {
    expect(steps({ installed, boot: 'boot-2' }, policy('ens5', { drift: 'warn' }))).toMatchObject([
      { kind: 'none' },
      { kind: 'record', drift: 'rebooted' },
    ]);
  });
});
