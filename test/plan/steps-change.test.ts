// Where what runs is changed, and which maps keep their content then: each step as a whole, and nothing else in it.
import { describe, expect, it } from 'vitest';
import type { DesiredState } from '../../src/model/desired.js';
import type { MapDefinition } from '../../src/model/instance.js';
import type { ObservedState } from '../../src/model/observed.js';
import type { ReattachStep, Step } from '../../src/model/step.js';
import { policy } from '../policy/policy.js';
import { desired, instance, map, nic, observed, ours, owned, wanted } from '../support/states.js';
import { none, running, steps } from './steps.js';

const program = wanted('ens5').program;

const shape = { type: 2, keySize: 4, valueSize: 8, maxEntries: 1, flags: 0, made: true };
const definition = (name: string, internal = false): MapDefinition => ({ ...shape, name, internal });

describe('what runs is changed', () => {
  const instanceOf = (digest: string, more = {}) => ({
    digest,
    program: { ...program, object: `sha-${digest}`, digest, written: digest },
    ...more,
  });

  it('where an instance is not what it was made of: in its own place', () => {
    const differs = { instances: [{ ...instance('aaaa', 10), differs: 'its tables' }] };
    expect(steps(desired(wanted('ens5')), running(differs))).toStrictEqual([
      {
        kind: 'swap',
        action: 'update',
        interface: 'ens5',
        ifindex: 3,
        linkId: 20,
        reason: 'program aaaa is not what it was made of: its tables',
        gap: false,
        mode: 'native',
        fromProgramId: 10,
        instance: instanceOf('aaaa', { pinned: false, carryFrom: 'aaaa', maps: { carried: [], fresh: [] } }),
      },
    ]);
  });

  const reattach = (digest: string, from: object, also: string): Step =>
    ({
      kind: 'reattach',
      action: 'update',
      interface: 'ens5',
      ifindex: 3,
      linkId: 20,
      reason: `mode native -> generic; gap while the link is made anew${also}`,
      gap: true,
      modes: ['generic'],
      fromMode: 'native',
      ...from,
    }) as ReattachStep;
  it.each([
    ['aaaa', {}, { fromDigest: 'aaaa' }, ''],
    ['bbbb', {}, { fromDigest: 'aaaa' }, '; program aaaa -> bbbb'],
    ['bbbb', { instances: [] }, {}, '; program of a lost pin -> bbbb'],
  ])('for another mode, to %s', (digest, change, from, also) => {
    const want = desired(wanted('ens5', { mode: 'generic', digest }));
    const [step] = steps(want, running(change));
    const { instance: target, ...rest } = step as ReattachStep;
    expect(rest).toStrictEqual(reattach(digest, from, also));
    expect(target.digest).toBe(digest);
  });

  it.each([
    ['the same change', {}, true],
    ['one of another interface of this name', { ifindex: 4 }, false],
    [
      'one to another program',
      { instance: { digest: 'bbbb', pinned: true, maps: { carried: [], fresh: [] } } },
      false,
    ],
    ['one to another mode', { modes: ['offload'] }, false],
    ['a step of another kind', { kind: 'swap' }, false],
  ])('but not where it failed lately: %s', (_what, change, waits) => {
    const want = desired(wanted('ens5', { mode: 'auto' }));
    const offloaded = observed([nic('ens5', 3, ours({ mode: 'offload' }))], [owned('ens5')]);
    const [step] = steps(want, offloaded) as [ReattachStep];
    const lately = (note?: string) => {
      const failed = { step: { ...step, ...change } as ReattachStep, ...(note !== undefined && { note }) };
      return steps(want, offloaded, { past: { failedLately: new Map([['ens5', failed]]) } });
    };
    if (!waits) expect(lately()).toStrictEqual([step]);
    else {
      const failed = (why: string): Step => ({
        ...none,
        interface: 'ens5',
        ifindex: 3,
        reason: `mode offload -> native or generic failed lately: ${why}`,
        condition: 'Failed',
        hint: 'It would cost another gap, so it is tried again 10 minutes after it failed; `xdpkeep reconcile --retry` tries now.',
      });
      expect(lately()).toStrictEqual([failed('no reason was recorded')]);
      expect(lately('busy')).toStrictEqual([failed('busy')]);
    }
  });

  it('where maps in use lost their pins: each under its whole name, those of the interface beside it', () => {
    const firewall = { policy: policy([]), protections: [] };
    const lost = [
      { id: 40, name: 'a_very_long_nam' },
      { id: 41, name: 'counters' },
      { id: 42, name: 'unknown' },
    ];
    const change = { instances: [{ ...instance('aaaa', 10, [map('a_very_long_name_0')]), lost }] };
    const definitions = new Map([
      [
        'aaaa',
        [
          definition('a_very_long_name_0'),
          definition('a_very_long_name_i', true),
          definition('other'),
          definition('a_very_long_name_1'),
        ],
      ],
    ]);
    const repin = (want: DesiredState) => steps(want, running(change), { definitions });
    const found = (ofInterface: object) => [
      {
        kind: 'repin',
        action: 'update',
        interface: 'ens5',
        reason: 'maps in use lost their pins, and get them back',
        gap: false,
        digest: 'aaaa',
        maps: [
          { id: 40, name: 'a_very_long_name_1' },
          { id: 41, name: 'counters', ...ofInterface },
          { id: 42, name: 'unknown' },
        ],
      },
    ];
    expect(repin(desired(wanted('ens5')))).toStrictEqual(found({}));
    const one = wanted('ens5');
    const guarded = desired({ ...one, program: { ...one.program, firewall } });
    expect(repin(guarded)).toStrictEqual(found({ ofInterface: true }));
    expect(steps(desired(one), running(change))[0]).toMatchObject({ maps: lost });
  });
});

describe('which maps keep their content', () => {
  const all = new Map([
    ['bbbb', [definition('x'), definition('y'), definition('.data.v', true), definition('.rodata', true)]],
  ]);
  const want = desired(wanted('ens5', { digest: 'bbbb' }));
  const target = (have: ObservedState) => {
    const [step] = steps(want, have, { definitions: all });
    if (!step || !('instance' in step)) throw new Error('nothing is brought in');
    const { program: _program, ...rest } = step.instance;
    expect(_program?.digest).toBe('bbbb');
    return rest;
  };
  const globals = { name: '.data.v', why: 'global variables start afresh' };

  it('those of the instance in use that are of the same shape', () => {
    const have = running({ instances: [instance('cccc', 12), instance('aaaa', 10, [map('y'), map('z')])] });
    expect(target(have)).toStrictEqual({
      digest: 'bbbb',
      pinned: false,
      carryFrom: 'aaaa',
      maps: { carried: ['y'], fresh: [{ name: 'x', why: 'new' }, globals] },
    });
  });

  it('without one, those of whatever is complete, or of the same instance that lost its program', () => {
    const dead = (instances: ReturnType<typeof instance>[]) =>
      observed([nic('ens5', 3)], [owned('ens5', { link: { id: 20, programId: 10, ifindex: 0 }, instances })]);
    const half = instance('aaaa', undefined, [map('x')]);
    expect(target(dead([half, instance('cccc', 12, [map('y')])]))).toMatchObject({ carryFrom: 'cccc' });
    expect(target(dead([half, instance('bbbb', undefined, [map('x')])]))).toStrictEqual({
      digest: 'bbbb',
      pinned: false,
      carryFrom: 'bbbb',
      maps: { carried: ['x'], fresh: [{ name: 'y', why: 'new' }, globals] },
    });
    expect(target(dead([half]))).toStrictEqual({
      digest: 'bbbb',
      pinned: false,
      maps: {
        carried: [],
        fresh: [
          { name: 'x', why: 'new' },
          { name: 'y', why: 'new' },
        ],
      },
    });
  });

  it('all of an instance that is pinned already, complete and as it was made', () => {
    const pinned = instance('bbbb', 12, [map('y')]);
    const use = (one: object) =>
      target(running({ instances: [instance('aaaa', 10), { ...pinned, ...one }] }));
    const maps = { carried: ['y'], fresh: [] };
    expect(use({})).toStrictEqual({ digest: 'bbbb', pinned: true, maps });
    expect(use({ differs: 'its code' })).toMatchObject({ pinned: false });
    expect(use({ programId: undefined })).toMatchObject({ pinned: false });
    expect(use({ digest: 'dddd' })).toMatchObject({ pinned: false });
  });
});
