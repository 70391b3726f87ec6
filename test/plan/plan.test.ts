import { describe, expect, it } from 'vitest';
import { diff } from '../../src/diff/diff.js';
import type { DesiredState } from '../../src/model/desired.js';
import type { ObservedState } from '../../src/model/observed.js';
import type { Step } from '../../src/model/step.js';
import { plan } from '../../src/plan/plan.js';
import {
  DEFINITION,
  desired,
  instance,
  map,
  NETNS,
  nic,
  observed,
  ours,
  NOTHING_BEFORE,
  owned,
  stranger,
  wanted,
} from '../support/states.js';

function planned(
  want: DesiredState,
  have: ObservedState,
  from: [string, number][] = [],
  fellBackBecause: ReadonlyMap<number, string> = new Map(),
) {
  const definitions = new Map(want.interfaces.map(({ program }) => [program.digest, [DEFINITION]]));
  return plan(want, diff(want, have), {
    observed: have,
    definitions,
    past: { ...NOTHING_BEFORE, attachedFrom: new Map(from), fellBackBecause },
  });
}

function onlyStep(want: DesiredState, have: ObservedState, from: [string, number][] = []): Step {
  const { steps } = planned(want, have, from);
  expect(steps).toHaveLength(1);
  const [first] = steps;
  if (!first) throw new Error('no step');
  return first.step;
}

describe('an interface that runs nothing of ours', () => {
  it('is attached, natively first where the mode is auto', () => {
    const want = desired(wanted('ens5', { mode: 'auto' }));
    expect(planned(want, observed([nic('ens5', 3)])).steps).toEqual([
      {
        step: {
          kind: 'attach',
          action: 'attach',
          interface: 'ens5',
          ifindex: 3,
          reason: 'not attached',
          gap: false,
          modes: ['native', 'generic'],
          dropLink: false,
          instance: {
            digest: 'aaaa',
            pinned: false,
            program: want.interfaces[0]?.program,
            maps: { carried: [], fresh: [{ name: 'icmp_drops', why: 'new' }] },
          },
        },
        inverse: {
          kind: 'detach',
          action: 'detach',
          interface: 'ens5',
          ifindex: 3,
          reason: 'undo: not attached',
          gap: false,
          fromDigest: 'aaaa',
        },
      },
    ]);
  });

  it('is left alone when a stranger holds it', () => {
    expect(onlyStep(desired(wanted('ens5')), observed([nic('ens5', 3, stranger())]))).toMatchObject({
      kind: 'none',
      condition: 'Refused',
      reason: 'the foreign program 90 (cilium_xdp) is attached (native)',
    });
  });

  it('is taken over from a stranger where that is wanted, and the gap is said', () => {
    const have = observed([nic('ens5', 3, stranger({ linkId: 91 }))]);
    const { steps } = planned(desired(wanted('ens5', { foreign: 'replace' })), have);
    expect(steps[0]?.step).toMatchObject({
      kind: 'attach',
      gap: true,
      takeOver: { programId: 90, programName: 'cilium_xdp', mode: 'native', linkId: 91 },
    });
    expect(steps[0]?.inverse).toMatchObject({ kind: 'detach', giveBack: { programId: 90, mode: 'native' } });
  });

  it('drops the dead link and keeps the maps when it was deleted and made again', () => {
    const have = observed([nic('ens5', 7)], [owned('ens5', { link: { id: 20, programId: 10, ifindex: 0 } })]);
    expect(onlyStep(desired(wanted('ens5')), have)).toMatchObject({
      kind: 'attach',
      ifindex: 7,
      dropLink: true,
      instance: { digest: 'aaaa', pinned: true, maps: { carried: ['icmp_drops'], fresh: [] } },
      reason: 'the interface was deleted and made again',
    });
  });
});

describe('a link with the same ifindex in another namespace', () => {
  const have = observed([nic('ens5', 3)], [owned('ens5')]); // net show has no program here

  it('is not taken for ours without proof', () => {
    expect(onlyStep(desired(wanted('ens5')), have)).toMatchObject({ kind: 'none', condition: 'Refused' });
    expect(onlyStep(desired(wanted('ens5')), have, [['ens5', NETNS + 1]])).toMatchObject({
      condition: 'Refused',
    });
    expect(onlyStep(desired(), have)).toMatchObject({ kind: 'none', condition: 'Refused' });
  });

  it('makes room when the record says that it was attached from here', () => {
    expect(onlyStep(desired(wanted('ens5')), have, [['ens5', NETNS]])).toMatchObject({
      kind: 'attach',
      dropLink: true,
      reason: 'the interface that had this name moved to another network namespace',
    });
  });
});

describe('an interface that runs our link', () => {
  const have = observed([nic('ens5', 3, ours())], [owned('ens5')]);

  it('is left alone when it runs what is wanted', () => {
    expect(onlyStep(desired(wanted('ens5')), have)).toMatchObject({ kind: 'none', condition: 'Ready' });
    expect(onlyStep(desired(wanted('ens5', { mode: 'auto' })), have)).toMatchObject({ condition: 'Ready' });
  });

  it.each([
    ['where that is known', new Map([[3, 'the MTU']]), ': the MTU'],
    ['of this interface alone', new Map([[4, 'the MTU']]), ''],
  ])('is degraded when auto fell back to generic, and says why, %s', (_name, known, why) => {
    const generic = observed([nic('ens5', 3, ours({ mode: 'generic' }))], [owned('ens5')]);
    const { steps } = planned(desired(wanted('ens5', { mode: 'auto' })), generic, [], known);
    const reason = `in sync; mode auto fell back to generic${why}`;
    expect(steps).toMatchObject([{ step: { kind: 'none', condition: 'Degraded', reason } }]);
  });

  it('swaps another program in, from the one that was seen, and back', () => {
    const { steps } = planned(desired(wanted('ens5', { digest: 'bbbb' })), have);
    expect(steps[0]?.step).toMatchObject({
      kind: 'swap',
      action: 'update',
      gap: false,
      linkId: 20,
      fromProgramId: 10,
      fromDigest: 'aaaa',
      instance: {
        digest: 'bbbb',
        pinned: false,
        carryFrom: 'aaaa',
        maps: { carried: ['icmp_drops'], fresh: [] },
      },
      reason: 'program aaaa -> bbbb',
    });
    expect(steps[0]?.inverse).toMatchObject({
      kind: 'swap',
      fromDigest: 'bbbb',
      instance: { digest: 'aaaa', pinned: true },
    });
  });

  it('names the maps that start afresh, with the reason', () => {
    const small = observed(
      [nic('ens5', 3, ours())],
      [
        owned('ens5', {
          instances: [instance('aaaa', 10, [map('icmp_drops', { valueSize: 4, maxEntries: 8 })])],
        }),
      ],
    );
    expect(onlyStep(desired(wanted('ens5', { digest: 'bbbb' })), small)).toMatchObject({
      instance: {
        maps: {
          carried: [],
          fresh: [{ name: 'icmp_drops', why: 'its definition changed: value bytes 4 -> 8, entries 8 -> 1' }],
        },
      },
    });
  });

  it('is attached anew, with a gap, for another mode', () => {
    const { steps } = planned(desired(wanted('ens5', { mode: 'generic' })), have);
    expect(steps[0]?.step).toMatchObject({
      kind: 'reattach',
      action: 'update',
      gap: true,
      modes: ['generic'],
      fromMode: 'native',
      instance: { digest: 'aaaa', pinned: true },
      reason: 'mode native -> generic; gap while the link is made anew',
    });
    expect(steps[0]?.inverse).toMatchObject({ kind: 'reattach', modes: ['native'] });
  });

  it('loses the instance that an interrupted run left beside the one in use', () => {
    const littered = observed(
      [nic('ens5', 3, ours())],
      [owned('ens5', { instances: [instance('aaaa', 10), instance('cccc')] })],
    );
    expect(onlyStep(desired(wanted('ens5')), littered)).toMatchObject({ kind: 'clean', keepDigest: 'aaaa' });
  });

  it('heals a program whose pin was removed by hand', () => {
    const unpinned = observed([nic('ens5', 3, ours())], [owned('ens5', { instances: [instance('aaaa')] })]);
    expect(onlyStep(desired(wanted('ens5')), unpinned)).toMatchObject({
      kind: 'swap',
      fromProgramId: 10,
      reason: 'program of a lost pin -> aaaa',
    });
  });

  it('is detached, after everything else, when the file does not name it any more', () => {
    const two = observed([nic('ens4', 2), nic('ens5', 3, ours())], [owned('ens5')]);
    const { steps } = planned(desired(wanted('ens4')), two);
    expect(steps.map(({ step }) => [step.kind, step.interface])).toEqual([
      ['attach', 'ens4'],
      ['detach', 'ens5'],
    ]);
    expect(steps[1]?.inverse).toMatchObject({
      kind: 'attach',
      modes: ['native'],
      instance: { digest: 'aaaa' },
    });
  });

  it('gives a taken-over program back when it is detached', () => {
    const taken = observed(
      [nic('ens5', 3, ours())],
      [owned('ens5', { foreign: { programId: 90, mode: 'generic' } })],
    );
    expect(onlyStep(desired(), taken)).toMatchObject({
      kind: 'detach',
      gap: true,
      giveBack: { programId: 90, mode: 'generic' },
    });
  });
});

describe('an interface that is not there', () => {
  it('is missing when it is named, and its pins wait for it', () => {
    const have = observed([], [owned('ens5', { link: { id: 20, programId: 10, ifindex: 0 } })]);
    expect(onlyStep(desired(wanted('ens5')), have)).toMatchObject({ kind: 'none', condition: 'Missing' });
  });

  it('is asked about where one that nobody wants has a name like it', () => {
    const have = observed([nic('ens5', 3), nic('ens6', 4)]);
    const hint = (names: string[]): string =>
      planned(desired(...names.map((name) => wanted(name))), have).steps.flatMap(({ step }) =>
        step.kind === 'none' ? (step.hint ?? []) : [],
      )[0] ?? '';
    expect(hint(['ens7', 'ens5'])).toMatch(/^Did you mean ens6\? .*hosts.* names it/);
    expect(hint(['ens7', 'ens5', 'ens6'])).toMatch(/^hosts/);
    expect(hint(['wan0'])).toMatch(/^hosts/);
  });

  it('is said beside the interface that loses its program in the same pass: a name may be wrong', () => {
    const have = observed([nic('ens5', 3, ours())], [owned('ens5')]);
    const { steps, warnings } = planned(desired(wanted('ens55')), have);
    expect(steps.map(({ step }) => step.kind)).toEqual(['none', 'detach']);
    expect(warnings).toEqual([
      'ens5 is left without a program, while ens55 does not exist: is a name wrong?',
    ]);
  });

  it('is no trouble for a pattern: a warning, and its pins go', () => {
    const have = observed([], [owned('veth7', { link: { id: 20, programId: 10, ifindex: 0 } })]);
    const { steps, warnings } = planned(desired(wanted('veth*')), have);
    expect(steps.map(({ step }) => step.kind)).toEqual(['detach']);
    expect(warnings).toEqual(['hosts/edge.yaml:6: the pattern "veth*" matches no interface']);
  });
});
